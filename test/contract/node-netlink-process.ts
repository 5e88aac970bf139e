// SPDX-License-Identifier: Apache-2.0
// node-netlink opens its sockets on threads of libuv's pool, so it cannot be brought into another namespace. A
// process that starts there can use it: this transport forwards every call to one (node-netlink-child.ts).
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, type ErrorDetails, WeirError } from '../../src/base/errors.ts';
import { type ExtendedAck, KernelError } from '../../src/base/kernel-error.ts';
import { wireOf } from '../../src/base/wire.ts';
import type { MessageSink, NetlinkProtocol, NetlinkTransport } from '../../src/kernel/ports.ts';

/** What the parent asks. `id` is the call's. */
export interface Call {
  readonly id: number;
  readonly method: 'request' | 'dump' | 'submit' | 'subscribe' | 'unsubscribe' | 'close';
  readonly args: readonly unknown[];
}

/** What the child says about call `id`: a message for its sink, its result, or its error. */
export type Reply =
  | { readonly id: number; readonly message: readonly [payload: Uint8Array, type: number, flags: number] }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PlainError };

export type PlainError =
  | { readonly kernel: readonly [operation: string, errno: number, name: string, extack: ExtendedAck] }
  | { readonly code: ErrorCode; readonly details: ErrorDetails }
  | { readonly text: string };

export interface PlainFailure {
  readonly index: number;
  readonly error: PlainError;
}

interface Waiting {
  readonly sink: MessageSink | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

function errorFrom(plain: PlainError): Error {
  if ('kernel' in plain) return new KernelError(...plain.kernel);
  if ('code' in plain) return new WeirError(plain.code, plain.details);
  return new Error(plain.text);
}

class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;

  constructor(netns: string, protocol: NetlinkProtocol) {
    this.#process = fork(
      fileURLToPath(new URL('node-netlink-child.ts', import.meta.url)),
      [String(protocol)],
      {
        execPath: 'nsenter',
        execArgv: [`--net=/run/netns/${netns}`, process.execPath],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      },
    );
    this.#process.on('message', (reply) => this.#receive(reply as Reply));
  }

  call(method: Call['method'], args: readonly unknown[], sink?: MessageSink): Promise<unknown> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { sink, resolve, reject });
      this.#process.send({ id, method, args } satisfies Call);
    });
  }

  /** Number of the call that was made last. */
  get lastId(): number {
    return this.#id;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if ('message' in reply) {
      const [payload, type, flags] = reply.message;
      waiting?.sink?.(wireOf(payload), 0, payload.length, type, flags);
    } else if ('result' in reply) waiting?.resolve(reply.result);
    else waiting?.reject(errorFrom(reply.error));
  }
}

/** A node-netlink transport inside the namespace `netns`. Signals cannot be handed to it. */
export async function nodeNetlinkIn(netns: string, protocol: NetlinkProtocol): Promise<NetlinkTransport> {
  const child = new Child(netns, protocol);
  let closed = false;
  const call: Child['call'] = (method, args, sink) =>
    closed
      ? Promise.reject(new WeirError('TRANSPORT_CLOSED', { operation: method }))
      : child.call(method, args, sink);
  return {
    protocol,
    request: (request) => call('request', [request]) as ReturnType<NetlinkTransport['request']>,
    async dump(request, message) {
      let thrown: { readonly error: unknown } | undefined;
      await call('dump', [request], (...args) => {
        try {
          if (thrown === undefined) message(...args);
        } catch (error) {
          thrown = { error };
        }
      });
      if (thrown !== undefined) throw thrown.error;
    },
    async submit(batch) {
      const failures = (await call('submit', [batch])) as readonly PlainFailure[];
      return failures.map(({ index, error }) => ({ index, error: errorFrom(error) }));
    },
    async subscribe(groups, handlers, options) {
      let open = true;
      await call('subscribe', [groups, options], (...args) => {
        if (!open) return;
        handlers.message(...args);
        handlers.batchEnd?.();
      });
      const id = child.lastId;
      return {
        close: () => {
          open = false;
          void call('unsubscribe', [id]);
        },
      };
    },
    async close() {
      if (closed) return;
      const done = child.call('close', []);
      closed = true;
      await done;
      await child.end();
    },
  };
}
