// SPDX-License-Identifier: Apache-2.0
import type { NetnsFd } from '../base/brand.ts';
import { ERRNO } from '../base/errno.gen.ts';
import { WeirError } from '../base/errors.ts';
import type { ExtendedAck, KernelError } from '../base/kernel-error.ts';
import { type Wire, wireOf } from '../base/wire.ts';
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from '../codec/generated/netlink.ts';
import { NLMSG_HDRLEN } from '../codec/message.ts';
import { deferred } from './deferred.ts';
import { kernelError } from './errno.ts';
import {
  BatchExchange,
  DumpExchange,
  type Exchange,
  type PathResolver,
  RequestExchange,
} from './netlink-exchange.ts';
import { NetlinkSender } from './netlink-sender.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { aligned, forEachMessage, NLMSGHDR } from './nlmsg.ts';
import type {
  BatchFailure,
  MessageBatch,
  MessageSink,
  NetlinkProtocol,
  NetlinkReply,
  NetlinkRequest,
} from './ports.ts';

/** Requests that wait for their acknowledgement at a time; their replies must fit the receive buffer together. */
const WINDOW = 128;
/** Messages and bytes per send. They wait for each other, so slow ones go in smaller sends. */
const CHUNK = { first: 32, most: 512, bytes: 64 << 10 } as const;
/** Milliseconds that one send should take at most. */
const SEND_TIME = 5;
/** Milliseconds without a word from the kernel after which it has forgotten, or hangs. */
const PATIENCE = 60_000;

/** One socket and its sequence table: many requests, one dump and one submit at a time. */
export class NetlinkChannel {
  readonly #socket: NetlinkSocket;
  readonly #sender: NetlinkSender;
  /** Nobody but the kernel makes its dumps wait. */
  readonly #isPrompt: boolean;
  readonly #resolvePath: PathResolver | undefined;
  readonly #exchanges = new Map<number, Exchange>();
  readonly #waiting: (() => void)[] = [];
  #batch: BatchExchange | undefined;
  #submits: Promise<unknown> = Promise.resolve();
  #requests = 0;
  #sequence = 0;
  #chunk: number = CHUNK.first;
  #dead: Error | undefined;
  #dumpTurn: Promise<void> = Promise.resolve();
  #dumping = false;
  /** Dumps that run or wait here. */
  dumps = 0;

  /** With `pace` its dumps are received as `DumpOptions` says, and everything else waits for them. */
  constructor(
    netns: NetnsFd,
    protocol: NetlinkProtocol,
    resolvePath?: PathResolver,
    pace?: () => Promise<void>,
  ) {
    this.#resolvePath = resolvePath;
    this.#isPrompt = pace === undefined;
    this.#socket = new NetlinkSocket(netns, protocol, {
      datagram: (wire, start, end) => this.#datagram(wire, start, end),
      truncated: (wire, start, end) => this.#truncated(wire, start, end),
      overrun: () => this.#overrun(),
      failed: (error) => this.#fail(error),
      dumping: () => this.#dumping,
      pace,
    });
    this.#sender = new NetlinkSender((bytes, start, end) => this.#socket.send(bytes, start, end));
  }

  /** True when its socket failed for good: it will do nothing more. */
  get dead(): boolean {
    return this.#dead !== undefined;
  }

  async request(request: NetlinkRequest): Promise<readonly NetlinkReply[]> {
    if (this.#requests >= WINDOW) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#requests++;
    try {
      const message = this.#frame(request, NLM_F_ACK);
      const exchange = new RequestExchange((errno, ack) =>
        this.#refusal(operationOf(request), message, errno, ack),
      );
      this.#start(message, exchange, operationOf(request));
      return await this.#inTime(exchange.done, operationOf(request), request.timeoutMs);
    } finally {
      this.#requests--;
      this.#waiting.shift()?.();
    }
  }

  /** Run one dump when those before it have ended. @returns false when it was not consistent. */
  async dump(request: NetlinkRequest, sink: MessageSink, signal?: AbortSignal): Promise<boolean> {
    const turn = deferred<void>();
    const before = this.#dumpTurn;
    this.#dumpTurn = turn.promise;
    this.dumps++;
    await before;
    const exchange = this.#startDump(request, sink);
    this.#dumping = true;
    if (this.#isPrompt)
      void this.#inTime(exchange.ended, operationOf(request), request.timeoutMs, () => exchange.heard);
    const stop = () => exchange.stop(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    void exchange.ended.then(() => {
      this.#dumping = false;
      this.dumps--;
      turn.resolve();
    });
    try {
      return await exchange.done;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  submit(batch: MessageBatch, onlyLast: boolean, timeoutMs?: number): Promise<readonly BatchFailure[]> {
    const run = this.#submits.then(() => this.#submit(batch, onlyLast, timeoutMs));
    this.#submits = run.catch(() => undefined);
    return run;
  }

  close(): void {
    this.#giveUp(new WeirError('TRANSPORT_CLOSED', { operation: 'what was under way' }));
  }

  #giveUp(error: Error): void {
    this.#socket.close();
    this.#fail(error);
  }

  /**
   * Wait for `work`, which ends with the socket when nothing is heard of it in time: another send could not be trusted
   * to have its bytes still.
   */
  async #inTime<T>(work: Promise<T>, operation: string, timeoutMs = PATIENCE, heard = () => 0): Promise<T> {
    let before = heard();
    const timer = setInterval(() => {
      const now = heard();
      if (now === before)
        this.#giveUp(new WeirError('KERNEL_TIMEOUT', { operation, seconds: timeoutMs / 1000 }));
      before = now;
    }, timeoutMs);
    timer.unref();
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  // ---- sending

  #frame(request: NetlinkRequest, extra: number): Uint8Array {
    const message = new Uint8Array(aligned(NLMSG_HDRLEN + request.payload.length));
    const { view } = wireOf(message);
    view.setUint32(NLMSGHDR.length, NLMSG_HDRLEN + request.payload.length, true);
    view.setUint16(NLMSGHDR.type, request.type, true);
    view.setUint16(NLMSGHDR.flags, (request.flags ?? 0) | NLM_F_REQUEST | extra, true);
    view.setUint32(NLMSGHDR.sequence, this.#nextSequence(1), true);
    message.set(request.payload, NLMSG_HDRLEN);
    return message;
  }

  /** Reserve `count` numbers in a row. 0 is left out: it marks events. */
  #nextSequence(count: number): number {
    if (this.#sequence + count >= 0xffff_ffff) this.#sequence = 0;
    const first = this.#sequence + 1;
    this.#sequence += count;
    return first;
  }

  #startDump(request: NetlinkRequest, sink: MessageSink): DumpExchange {
    const message = this.#frame(request, NLM_F_DUMP);
    const exchange = new DumpExchange(sink, (errno, ack) =>
      this.#refusal(operationOf(request), message, errno, ack),
    );
    this.#start(message, exchange, operationOf(request));
    return exchange;
  }

  #start(message: Uint8Array, exchange: Exchange, operation: string): void {
    const sequence = wireOf(message).view.getUint32(NLMSGHDR.sequence, true);
    this.#exchanges.set(sequence, exchange);
    this.#send(message, 0, message.length, operation).catch((error: Error) => {
      this.#exchanges.delete(sequence);
      exchange.fail(error);
    });
  }

  async #send(bytes: Uint8Array, start: number, end: number, operation: string): Promise<void> {
    if (this.#dead !== undefined)
      throw new WeirError('TRANSPORT_CLOSED', { operation }, { cause: this.#dead });
    await this.#sender.send(bytes, start, end, operation);
  }

  async #submit(
    batch: MessageBatch,
    onlyLast: boolean,
    timeoutMs?: number,
  ): Promise<readonly BatchFailure[]> {
    const failures: BatchFailure[] = [];
    for (let from = 0; from < batch.count; ) {
      const to = this.#chunkEnd(batch, from);
      const before = performance.now();
      const refused = await this.#sendChunk(batch, from, to, onlyLast, timeoutMs);
      this.#adaptChunk(performance.now() - before, refused.length > 0);
      failures.push(...refused);
      from = to;
    }
    return failures;
  }

  #chunkEnd(batch: MessageBatch, from: number): number {
    const start = batch.offsets[from] as number;
    let to = from + 1;
    while (to < batch.count && to - from < this.#chunk && (batch.offsets[to] as number) - start < CHUNK.bytes)
      to++;
    return to;
  }

  /** Refusals are acknowledged one by one, and a small receive buffer must hold those of one send. */
  #adaptChunk(elapsed: number, refused: boolean): void {
    if (refused) this.#chunk = Math.min(this.#chunk, CHUNK.first);
    else if (elapsed > SEND_TIME) this.#chunk = Math.max(1, this.#chunk >> 1);
    else if (elapsed < SEND_TIME / 2) this.#chunk = Math.min(CHUNK.most, this.#chunk << 1);
  }

  async #sendChunk(
    batch: MessageBatch,
    from: number,
    to: number,
    onlyLast: boolean,
    timeoutMs?: number,
  ): Promise<readonly BatchFailure[]> {
    const exchange = this.#openBatch(batch, from, to, onlyLast);
    const start = batch.offsets[from] as number;
    const end = to < batch.count ? (batch.offsets[to] as number) : batch.length;
    this.#batch = exchange;
    const operation = `messages ${from} to ${to - 1} of a batch`;
    // the kernel has answered by then, so this saves the way through the event loop
    const sent = this.#send(batch.bytes, start, end, operation).then(() => this.#socket.receive());
    try {
      const answered = Promise.race([sent.then(() => exchange.done), exchange.done]);
      await this.#inTime(answered, operation, timeoutMs);
    } finally {
      this.#batch = undefined;
    }
    return exchange.failures.map(({ index, error }) => ({ index: from + index, error }));
  }

  /** Number the messages, and ask for their acknowledgements. */
  #openBatch(batch: MessageBatch, from: number, to: number, onlyLast: boolean): BatchExchange {
    const { view } = wireOf(batch.bytes);
    const first = this.#nextSequence(to - from);
    for (let i = from; i < to; i++) {
      const at = batch.offsets[i] as number;
      const ack = onlyLast && i < to - 1 ? 0 : NLM_F_ACK;
      view.setUint16(
        at + NLMSGHDR.flags,
        (view.getUint16(at + NLMSGHDR.flags, true) & ~NLM_F_ACK) | NLM_F_REQUEST | ack,
        true,
      );
      view.setUint32(at + NLMSGHDR.sequence, first + i - from, true);
      view.setUint32(at + NLMSGHDR.port, 0, true);
    }
    return new BatchExchange(first, to - from, onlyLast, (index, errno, ack) => {
      const at = batch.offsets[from + index] as number;
      const message = batch.bytes.subarray(at, at + view.getUint32(at, true));
      const operation = `message ${from + index} of type ${view.getUint16(at + NLMSGHDR.type, true)}`;
      return this.#refusal(operation, message, errno, ack);
    });
  }

  #refusal(operation: string, message: Uint8Array, errno: number, ack: ExtendedAck): KernelError {
    const path = ack.offset === undefined ? undefined : this.#resolvePath?.(wireOf(message), ack.offset);
    // the stack is that of the receiver, which tells nothing of who asked, and costs more than all else here
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return kernelError(operation, errno, path === undefined ? ack : { ...ack, path });
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  // ---- receiving

  #datagram(wire: Wire, start: number, end: number): void {
    forEachMessage(wire, start, end, (at, next) => {
      const sequence = wire.view.getUint32(at + NLMSGHDR.sequence, true);
      const exchange = this.#exchangeOf(sequence);
      if (exchange?.message(wire, at, next)) this.#exchanges.delete(sequence);
    });
  }

  #exchangeOf(sequence: number): Exchange | undefined {
    const batch = this.#batch;
    if (batch !== undefined && (sequence - batch.first) >>> 0 < batch.count) return batch;
    return this.#exchanges.get(sequence);
  }

  #truncated({ view }: Wire, start: number, end: number): void {
    if (end - start < NLMSG_HDRLEN) return;
    const sequence = view.getUint32(start + NLMSGHDR.sequence, true);
    const exchange = this.#exchangeOf(sequence);
    if (exchange?.truncated()) this.#exchanges.delete(sequence);
  }

  #overrun(): void {
    const error = kernelError('receive the acknowledgement', ERRNO.ENOBUFS);
    for (const [sequence, exchange] of this.#exchanges)
      if (exchange.overrun(error)) this.#exchanges.delete(sequence);
    this.#batch?.overrun(error);
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const exchange of this.#exchanges.values()) exchange.fail(error);
    this.#exchanges.clear();
    this.#batch?.fail(error);
  }
}

function operationOf(request: NetlinkRequest): string {
  return request.operation ?? `netlink request of type ${request.type}`;
}
