// SPDX-License-Identifier: Apache-2.0
import netlink, { type Packet, type Socket } from 'node-netlink';
import { WeirError } from '../base/errors.ts';
import { wireOf } from '../base/wire.ts';
import {
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from '../codec/generated/netlink.ts';
import { NLMSG_HDRLEN } from '../codec/message.ts';
import { deferred } from './deferred.ts';
import { kernelError } from './errno.ts';
import { NLMSGHDR } from './nlmsg.ts';
import type {
  BatchFailure,
  DumpOptions,
  MessageBatch,
  MessageSink,
  NetlinkProtocol,
  NetlinkReply,
  NetlinkRequest,
  NetlinkTransport,
  Subscription,
  SubscriptionHandlers,
} from './ports.ts';

/** Milliseconds: an answer is lost, since the package drops what it cannot assign. */
const TIMEOUT = { request: 10_000, dump: 60_000 } as const;
const DUMP_ATTEMPTS = 8;
/** The package joins groups by the 32-bit mask of bind(). */
const GROUPS = 32;

/**
 * Open a netlink transport over the npm package node-netlink: one request at a time, without extended acks, and
 * only in the network namespace of the process. Events are delivered, but the package also prints two lines for each
 * to standard error, and it goes silent after an overrun.
 */
export async function openNodeNetlinkTransport(protocol: NetlinkProtocol): Promise<NetlinkTransport> {
  return new NodeNetlinkTransport(protocol, await netlink.open({ family: protocol }));
}

class NodeNetlinkTransport implements NetlinkTransport {
  readonly protocol: NetlinkProtocol;
  readonly #socket: Socket;
  readonly #subscriptions = new Set<Subscription>();
  readonly #ended = deferred<never>();
  #queue: Promise<unknown> = Promise.resolve();
  #listener: ((packet: Packet) => void) | undefined;
  #closed = false;

  constructor(protocol: NetlinkProtocol, socket: Socket) {
    this.protocol = protocol;
    this.#socket = socket;
    socket.on('message', (packet) => this.#listener?.(packet));
  }

  request(request: NetlinkRequest): Promise<readonly NetlinkReply[]> {
    return this.#inTurn(async () => {
      const packets = await this.#talk(request, 0, TIMEOUT.request);
      return packets.map(({ header, payload }) => ({
        type: Number(header.nlmsg_type),
        flags: Number(header.nlmsg_flags),
        payload: Uint8Array.from(payload),
      }));
    });
  }

  async dump(request: NetlinkRequest, message: MessageSink, options: DumpOptions = {}): Promise<void> {
    const { attempts = DUMP_ATTEMPTS, restart, signal } = options;
    const operation = request.operation ?? 'a dump';
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) restart?.();
      signal?.throwIfAborted();
      if (await this.#inTurn(() => this.#dumpOnce(request, message, signal))) return;
    }
    throw new WeirError('DUMP_INTERRUPTED', { operation, attempts });
  }

  async submit(batch: MessageBatch): Promise<readonly BatchFailure[]> {
    return this.#inTurn(async () => {
      const failures: BatchFailure[] = [];
      for (let index = 0; index < batch.count; index++) {
        const error = await this.#submitOne(batch, index);
        if (error !== undefined) failures.push({ index, error });
      }
      return failures;
    });
  }

  async subscribe(
    groups: readonly number[],
    handlers: SubscriptionHandlers,
    options: { readonly receiveBuffer?: number } = {},
  ): Promise<Subscription> {
    this.#mustBeOpen('a subscription');
    const high = groups.find((group) => group > GROUPS);
    if (high !== undefined) throw unsupported(`join group ${high}`);
    if (options.receiveBuffer !== undefined) throw unsupported('set the size of a receive buffer');
    const mask = groups.reduce((bits, group) => (bits | (1 << (group - 1))) >>> 0, 0);
    const socket = await netlink.open({ family: this.protocol, groups: mask });
    let open = true;
    socket.on('message', (packet) => {
      if (!open) return;
      deliver(handlers.message, packet);
      handlers.batchEnd?.();
    });
    const subscription = {
      close: () => {
        if (open) void socket.close();
        open = false;
        this.#subscriptions.delete(subscription);
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended.reject(new WeirError('TRANSPORT_CLOSED', { operation: 'what was under way' }));
    for (const subscription of this.#subscriptions) subscription.close();
    await this.#socket.close();
  }

  /** The package mixes up answers as soon as two requests are under way. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(work);
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #talk(request: NetlinkRequest, flags: number, timeout: number): Promise<readonly Packet[]> {
    const { type, payload, operation = `netlink request of type ${type}` } = request;
    this.#mustBeOpen(operation);
    const header = {
      nlmsg_type: BigInt(type),
      nlmsg_flags: BigInt((request.flags ?? 0) | flags | NLM_F_REQUEST | NLM_F_ACK),
    };
    const talk = this.#socket.tryTalk({ header, payload: Buffer.from(payload) }, { timeout });
    const { errorCode, packets } = await Promise.race([talk, this.#ended.promise]);
    if (errorCode !== 0) throw kernelError(operation, errorCode);
    return packets;
  }

  /** The package forgets the flags of a dump and the error at its end, so its messages are read as they come. */
  async #dumpOnce(request: NetlinkRequest, sink: MessageSink, signal?: AbortSignal): Promise<boolean> {
    let consistent = true;
    let errno = 0;
    let thrown: { readonly error: unknown } | undefined;
    this.#listener = (packet) => {
      if ((Number(packet.header.nlmsg_flags) & NLM_F_DUMP_INTR) !== 0) consistent = false;
      if (Number(packet.header.nlmsg_type) === NLMSG_DONE) errno = -packet.payload.readInt32LE(0);
      else if (thrown === undefined && signal?.aborted !== true)
        thrown = attempt(() => deliver(sink, packet));
    };
    try {
      await this.#talk(request, NLM_F_DUMP, TIMEOUT.dump);
    } finally {
      this.#listener = undefined;
    }
    signal?.throwIfAborted();
    if (thrown !== undefined) throw thrown.error;
    if (errno !== 0) throw kernelError(request.operation ?? 'dump', errno);
    return consistent;
  }

  async #submitOne(batch: MessageBatch, index: number): Promise<Error | undefined> {
    const { view } = wireOf(batch.bytes);
    const at = batch.offsets[index] as number;
    const request = {
      type: view.getUint16(at + NLMSGHDR.type, true),
      flags: view.getUint16(at + NLMSGHDR.flags, true),
      payload: batch.bytes.subarray(at + NLMSG_HDRLEN, at + view.getUint32(at, true)),
      operation: `message ${index} of type ${view.getUint16(at + NLMSGHDR.type, true)}`,
    };
    try {
      await this.#talk(request, 0, TIMEOUT.request);
      return undefined;
    } catch (error) {
      if (error instanceof WeirError && error.code === 'KERNEL') return error;
      throw error;
    }
  }

  #mustBeOpen(operation: string): void {
    if (this.#closed) throw new WeirError('TRANSPORT_CLOSED', { operation });
  }
}

function unsupported(operation: string): WeirError {
  return new WeirError('TRANSPORT_UNSUPPORTED', { transport: 'node-netlink', operation });
}

function deliver(sink: MessageSink, { header, payload }: Packet): void {
  const type = Number(header.nlmsg_type);
  if (type !== NLMSG_ERROR) sink(wireOf(payload), 0, payload.length, type, Number(header.nlmsg_flags));
}

function attempt(work: () => void): { readonly error: unknown } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return { error };
  }
}
