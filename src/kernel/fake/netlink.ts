// SPDX-License-Identifier: Apache-2.0
// A kernel that is a function from requests to answers, behind the NetlinkTransport port. For tests.
import { errnoName } from '../../base/errno.gen.ts';
import { WeirError } from '../../base/errors.ts';
import { type ExtendedAck, KernelError } from '../../base/kernel-error.ts';
import { wireOf } from '../../base/wire.ts';
import { NLMSG_HDRLEN } from '../../codec/message.ts';
import { NLMSGHDR } from '../nlmsg.ts';
import type {
  BatchFailure,
  DumpOptions,
  MessageBatch,
  MessageSink,
  NetlinkProtocol,
  NetlinkReply,
  NetlinkRequest,
  NetlinkTransport,
  SubmitOptions,
  Subscription,
  SubscriptionHandlers,
} from '../ports.ts';

/** A request as the fake kernel sees it. */
export interface FakeRequest {
  readonly kind: 'request' | 'dump' | 'submit';
  readonly type: number;
  /** As the caller gave them: without REQUEST, ACK and DUMP. */
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** A message from the fake kernel. */
export interface FakeMessage {
  readonly type: number;
  readonly flags?: number;
  readonly payload: Uint8Array;
}

/** What the fake kernel says to one request. */
export interface FakeAnswer {
  readonly messages?: readonly FakeMessage[];
  /** Positive errno of the acknowledgement or of NLMSG_DONE, after the messages. */
  readonly errno?: number;
  readonly extack?: ExtendedAck;
  /** The dump carries NLM_F_DUMP_INTR. */
  readonly interrupted?: boolean;
  /** There is no answer. */
  readonly silent?: boolean;
}

const ATTEMPTS = 8;
/** Milliseconds. */
const PATIENCE = 60_000;
/** Bytes that an event takes up in a receive buffer beside its own. */
const OVERHEAD = 512;
/** Messages that a dump delivers per turn of the event loop. */
const PER_TURN = 500;

/** A NetlinkTransport that asks `answer`. It keeps what it was asked in `requests`. */
export class FakeNetlink implements NetlinkTransport {
  readonly protocol: NetlinkProtocol;
  readonly requests: FakeRequest[] = [];
  readonly #answer: (request: FakeRequest) => FakeAnswer;
  readonly #listeners = new Set<Listener>();
  #closed = false;

  constructor(protocol: NetlinkProtocol, answer: (request: FakeRequest) => FakeAnswer) {
    this.protocol = protocol;
    this.#answer = answer;
  }

  /** Send an event to the subscribers of a group. */
  emit(group: number, message: FakeMessage): void {
    for (const listener of this.#listeners) if (listener.groups.includes(group)) listener.push(message);
  }

  /** Tell every subscriber that it lost events. */
  overrun(): void {
    for (const listener of this.#listeners) listener.handlers.overrun();
  }

  async request(request: NetlinkRequest): Promise<readonly NetlinkReply[]> {
    const { type, flags = 0, payload, operation = 'request' } = request;
    const {
      messages = [],
      errno = 0,
      extack,
    } = await this.#ask(
      operation,
      {
        kind: 'request',
        type,
        flags,
        payload,
      },
      request.timeoutMs,
    );
    if (errno !== 0) throw new KernelError(operation, errno, errnoName(errno), extack);
    return messages.map((one) => ({ type: one.type, flags: one.flags ?? 0, payload: one.payload.slice() }));
  }

  async dump(request: NetlinkRequest, message: MessageSink, options: DumpOptions = {}): Promise<void> {
    const { type, flags = 0, payload, operation = 'dump' } = request;
    const { attempts = ATTEMPTS, restart } = options;
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) restart?.();
      const answer = await this.#ask(operation, { kind: 'dump', type, flags, payload }, request.timeoutMs);
      await this.#stream(answer.messages ?? [], message, options);
      const { errno = 0, extack } = answer;
      if (errno !== 0) throw new KernelError(operation, errno, errnoName(errno), extack);
      if (answer.interrupted !== true) return;
    }
    throw new WeirError('DUMP_INTERRUPTED', { operation, attempts });
  }

  async submit(batch: MessageBatch, options: SubmitOptions = {}): Promise<readonly BatchFailure[]> {
    this.#mustBeOpen('a batch');
    const failures: BatchFailure[] = [];
    const { view } = wireOf(batch.bytes);
    for (let index = 0; index < batch.count; index++) {
      const at = batch.offsets[index] as number;
      const payload = batch.bytes.slice(at + NLMSG_HDRLEN, at + view.getUint32(at, true));
      const [type, flags] = [
        view.getUint16(at + NLMSGHDR.type, true),
        view.getUint16(at + NLMSGHDR.flags, true),
      ];
      const answer = this.#answerTo({ kind: 'submit', type, flags, payload });
      const { errno = 0, extack } = answer;
      const operation = `message ${index} of type ${type}`;
      if (answer.silent === true) await silence(operation, options.timeoutMs);
      if (errno !== 0)
        failures.push({ index, error: new KernelError(operation, errno, errnoName(errno), extack) });
    }
    await turn();
    this.#mustBeOpen('a batch');
    return failures;
  }

  async subscribe(
    groups: readonly number[],
    handlers: SubscriptionHandlers,
    options: { readonly receiveBuffer?: number } = {},
  ): Promise<Subscription> {
    this.#mustBeOpen('a subscription');
    const listener = new Listener(groups, handlers, options.receiveBuffer ?? Number.POSITIVE_INFINITY);
    this.#listeners.add(listener);
    return {
      close: () => {
        this.#listeners.delete(listener);
        listener.close();
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
  }

  async #ask(operation: string, request: FakeRequest, timeoutMs?: number): Promise<FakeAnswer> {
    this.#mustBeOpen(operation);
    const answer = this.#answerTo(request);
    await turn();
    if (answer.silent === true) await silence(operation, timeoutMs);
    this.#mustBeOpen(operation);
    return answer;
  }

  #answerTo(request: FakeRequest): FakeAnswer {
    this.requests.push(request);
    return this.#answer(request);
  }

  async #stream(
    messages: readonly FakeMessage[],
    sink: MessageSink,
    { signal, pace }: DumpOptions,
  ): Promise<void> {
    for (const [i, message] of messages.entries()) {
      if (i % PER_TURN === 0) {
        await turn();
        this.#mustBeOpen('a dump');
      }
      signal?.throwIfAborted();
      deliver(sink, message);
      if (i % PER_TURN === PER_TURN - 1 || i === messages.length - 1) await orAborted(pace?.(), signal);
    }
  }

  #mustBeOpen(operation: string): void {
    if (this.#closed) throw new WeirError('TRANSPORT_CLOSED', { operation });
  }
}

/** Events wait for the next turn of the event loop, and are lost when more than the buffer holds are waiting. */
class Listener {
  readonly groups: readonly number[];
  readonly handlers: SubscriptionHandlers;
  readonly #limit: number;
  #waiting: FakeMessage[] = [];
  #bytes = 0;
  #lost = false;
  #open = true;

  constructor(groups: readonly number[], handlers: SubscriptionHandlers, limit: number) {
    this.groups = groups;
    this.handlers = handlers;
    this.#limit = limit;
  }

  push(message: FakeMessage): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#bytes += message.payload.length + OVERHEAD;
    if (this.#bytes > this.#limit) this.#lost = true;
    else this.#waiting.push(message);
  }

  close(): void {
    this.#open = false;
  }

  #flush(): void {
    const waiting = this.#waiting;
    const lost = this.#lost;
    this.#waiting = [];
    this.#bytes = 0;
    this.#lost = false;
    if (!this.#open) return;
    if (lost) this.handlers.overrun();
    for (const message of waiting) if (this.#open) deliver(this.handlers.message, message);
    if (this.#open) this.handlers.batchEnd?.();
  }
}

/** Wait for `work` until the signal comes. @throws its reason. */
async function orAborted(work: Promise<void> | undefined, signal: AbortSignal | undefined): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
  await Promise.race([work, aborted]);
  signal?.throwIfAborted();
}

async function silence(operation: string, timeoutMs = PATIENCE): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, timeoutMs));
  throw new WeirError('KERNEL_TIMEOUT', { operation, seconds: timeoutMs / 1000 });
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function deliver(sink: MessageSink, { type, flags = 0, payload }: FakeMessage): void {
  sink(wireOf(payload), 0, payload.length, type, flags);
}
