// SPDX-License-Identifier: Apache-2.0
// One conversation with the kernel each: what is expected for a sequence number, and the promise it settles.

import { ERRNO } from '../base/errno.gen.ts';
import type { ExtendedAck, KernelError } from '../base/kernel-error.ts';
import type { Wire } from '../base/wire.ts';
import { NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from '../codec/generated/netlink.ts';
import { NLMSG_HDRLEN } from '../codec/message.ts';
import { type Deferred, deferred } from './deferred.ts';
import { kernelError } from './errno.ts';
import { decodeAck, NLMSGHDR } from './nlmsg.ts';
import type { BatchFailure, MessageSink, NetlinkReply } from './ports.ts';

/**
 * Turns an extended ack's offset into the path of an attribute. `message` is the whole request with its nlmsghdr.
 * @returns undefined when the offset points to none that it knows.
 */
export type PathResolver = (message: Wire, offset: number) => string | undefined;

/** Makes the error for a refused message. */
export type Refusal = (errno: number, extack: ExtendedAck) => KernelError;

/** Handles the messages of one sequence number, or of one range of them. */
export interface Exchange {
  /** One message, header included, in `[start, end)`. @returns true when the exchange is complete. */
  message(wire: Wire, start: number, end: number): boolean;
  /** One of its messages did not fit the receive buffer. @returns true when the exchange is complete. */
  truncated(): boolean;
  /** Its messages may have been lost. @returns true when the exchange is complete. */
  overrun(error: Error): boolean;
  /** The socket is gone. */
  fail(error: Error): void;
}

/** Waits for one acknowledgement and keeps what came before it. */
export class RequestExchange implements Exchange {
  readonly done: Promise<readonly NetlinkReply[]>;
  readonly #replies: NetlinkReply[] = [];
  readonly #settle: Deferred<readonly NetlinkReply[]>;
  readonly #refusal: Refusal;

  constructor(refusal: Refusal) {
    this.#settle = deferred();
    this.#refusal = refusal;
    this.done = this.#settle.promise;
  }

  message(wire: Wire, start: number, end: number): boolean {
    const type = wire.view.getUint16(start + NLMSGHDR.type, true);
    if (type !== NLMSG_ERROR) {
      const flags = wire.view.getUint16(start + NLMSGHDR.flags, true);
      if (type !== NLMSG_DONE)
        this.#replies.push({ type, flags, payload: wire.bytes.slice(start + NLMSG_HDRLEN, end) });
      return false;
    }
    const { errno, ack } = decodeAck(wire, start, end);
    if (errno === 0) this.#settle.resolve(this.#replies);
    else this.fail(this.#refusal(errno, ack));
    return true;
  }

  truncated(): boolean {
    this.fail(this.#refusal(ERRNO.EMSGSIZE, {}));
    return true;
  }

  overrun(error: Error): boolean {
    this.fail(error);
    return true;
  }

  fail(error: Error): void {
    this.#settle.reject(error);
  }
}

/** Streams one dump to a sink. `done` resolves to false when the kernel's state changed in between. */
export class DumpExchange implements Exchange {
  readonly done: Promise<boolean>;
  /** Resolves when the socket is free for the next dump, which after `stop` is later than `done`. */
  readonly ended: Promise<void>;
  /** Messages so far. */
  heard = 0;
  readonly #settle: Deferred<boolean>;
  readonly #end: Deferred<void>;
  readonly #refusal: Refusal;
  #sink: MessageSink | undefined;
  #consistent = true;

  constructor(sink: MessageSink, refusal: Refusal) {
    this.#settle = deferred();
    this.#sink = sink;
    this.#refusal = refusal;
    this.done = this.#settle.promise;
    this.#end = deferred();
    this.ended = this.#end.promise;
  }

  message(wire: Wire, start: number, end: number): boolean {
    const type = wire.view.getUint16(start + NLMSGHDR.type, true);
    const flags = wire.view.getUint16(start + NLMSGHDR.flags, true);
    this.heard++;
    if ((flags & NLM_F_DUMP_INTR) !== 0) this.#consistent = false;
    if (type === NLMSG_DONE || type === NLMSG_ERROR) return this.#finish(wire, start, end);
    try {
      this.#sink?.(wire, start + NLMSG_HDRLEN, end, type, flags);
    } catch (error) {
      this.stop(error);
    }
    return false;
  }

  /** Give up: what is still to come is read and dropped, since the socket is free only after the dump's end. */
  stop(reason: unknown): void {
    this.#sink = undefined;
    this.#settle.reject(reason);
  }

  truncated(): boolean {
    this.#consistent = false;
    return false;
  }

  /** A dump waits for room in the receive buffer, so it goes on. */
  overrun(): boolean {
    this.#consistent = false;
    return false;
  }

  fail(error: Error): void {
    this.#settle.reject(error);
    this.#end.resolve();
  }

  #finish(wire: Wire, start: number, end: number): boolean {
    const { errno, ack } = decodeAck(wire, start, end);
    if (errno === 0) this.#settle.resolve(this.#consistent);
    else this.#settle.reject(this.#refusal(errno, ack));
    this.#end.resolve();
    return true;
  }
}

/** Follows one send of many messages; acknowledgement i has sequence number `first + i`. */
export class BatchExchange implements Exchange {
  readonly done: Promise<void>;
  readonly failures: BatchFailure[] = [];
  readonly #settle: Deferred<void>;
  readonly #refusal: (index: number, errno: number, extack: ExtendedAck) => KernelError;
  readonly first: number;
  readonly count: number;
  #missing: number;
  readonly #onlyLast: boolean;

  constructor(
    first: number,
    count: number,
    onlyLast: boolean,
    refusal: (index: number, errno: number, extack: ExtendedAck) => KernelError,
  ) {
    this.#settle = deferred();
    this.done = this.#settle.promise;
    this.first = first;
    this.count = count;
    this.#missing = count;
    this.#onlyLast = onlyLast;
    this.#refusal = refusal;
  }

  message(wire: Wire, start: number, end: number): boolean {
    // with NLM_F_ECHO the changed object comes before the acknowledgement
    if (wire.view.getUint16(start + NLMSGHDR.type, true) !== NLMSG_ERROR) return false;
    const index = (wire.view.getUint32(start + NLMSGHDR.sequence, true) - this.first) >>> 0;
    const { errno, ack } = decodeAck(wire, start, end);
    if (errno !== 0) this.failures.push({ index, error: this.#refusal(index, errno, ack) });
    this.#missing = this.#onlyLast && index === this.count - 1 ? 0 : this.#missing - 1;
    if (this.#missing > 0) return false;
    this.#settle.resolve();
    return true;
  }

  truncated(): boolean {
    this.fail(kernelError('receive an acknowledgement', ERRNO.EMSGSIZE));
    return true;
  }

  overrun(error: Error): boolean {
    this.fail(error);
    return true;
  }

  fail(error: Error): void {
    this.#settle.reject(error);
  }
}
