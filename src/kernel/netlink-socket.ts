// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { NetnsFd } from '../base/brand.ts';
import { ERRNO } from '../base/errno.gen.ts';
import { type Wire, wireOf } from '../base/wire.ts';
import { checked, kernelError } from './errno.ts';
import { FD_EVENT, type FdWatch, native } from './native.ts';
import type { NetlinkProtocol } from './ports.ts';

/** What a socket tells its owner. Called from the event loop, never while a method of the socket runs. */
export interface SocketHandlers {
  /** One datagram of the kernel in `wire.bytes[start, end)`, valid only during the call. */
  datagram(wire: Wire, start: number, end: number): void;
  /** A datagram was cut off; `wire.bytes[start, end)` is its beginning. The next one of its size will fit. */
  truncated(wire: Wire, start: number, end: number): void;
  /** ENOBUFS: messages were lost. */
  overrun(): void;
  /** Called after the last datagram of one wake-up. */
  idle?(): void;
  /** The socket failed for good; it delivers nothing more. */
  failed(error: Error): void;
}

/** Bytes. Large enough for the acknowledgements and events of a burst; the kernel accounts only what is used. */
const RECEIVE_BUFFER = 8 << 20;
const SEND_BUFFER = 1 << 20;
/** Datagrams per system call. A dump's are about 32 KiB each, half a millisecond of kernel and decoder. */
const SLOTS = 4;
/** Milliseconds after which reception gives way to the rest of the event loop. */
const TURN = 1;

/**
 * The receive buffer of all sockets of this thread: reception and dispatch are one synchronous step, so they never
 * need more than one. A dump's datagram has at most 32 KiB; a single message can be larger.
 */
const inbox = { slot: 1 << 16, wire: wireOf(new Uint8Array(SLOTS << 16)), lengths: new Int32Array(SLOTS) };

function growInbox(datagram: number): void {
  while (inbox.slot < datagram) inbox.slot *= 2;
  inbox.wire = wireOf(new Uint8Array(SLOTS * inbox.slot));
}

/** One netlink socket in one network namespace, watched by the event loop. */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #watch: FdWatch;
  readonly #handlers: SocketHandlers;
  readonly #addon = native();
  #open = true;
  #sending = 0;

  /** @throws {KernelError} e.g. EPROTONOSUPPORT for a protocol that the kernel does not have. */
  constructor(
    netns: NetnsFd,
    protocol: NetlinkProtocol,
    handlers: SocketHandlers,
    groups: readonly number[] = [],
    receiveBuffer = RECEIVE_BUFFER,
  ) {
    const operation = `open a netlink socket of protocol ${protocol}`;
    this.#handlers = handlers;
    this.#fd = checked(operation, this.#addon.netlinkOpen(netns, protocol, receiveBuffer, SEND_BUFFER));
    try {
      for (const group of groups)
        checked(`join netlink group ${group}`, this.#addon.netlinkJoin(this.#fd, group));
      this.#watch = checked(
        operation,
        this.#addon.fdWatchOpen(this.#fd, (status) => this.#wake(status)),
      );
      checked(operation, this.#addon.fdWatchSet(this.#watch, FD_EVENT.readable));
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /**
   * Send framed messages as one datagram, off this thread: the kernel handles them before the call returns, and a
   * change of a device can take it long. One call at a time keeps their order.
   * @returns bytes sent or a negative errno.
   */
  async send(bytes: Uint8Array, start: number, end: number): Promise<number> {
    if (!this.#open) return -ERRNO.EBADF;
    this.#sending++;
    try {
      return await this.#addon.netlinkSendLater(this.#fd, bytes, start, end);
    } finally {
      this.#sending--;
      this.#release();
    }
  }

  /** Deliver what has arrived, for about a millisecond; the event loop goes on with the rest. */
  receive(): void {
    const until = performance.now() + TURN;
    let count = SLOTS;
    while (this.#open && count > 0 && performance.now() < until) count = this.#receiveOnce();
    if (this.#open) this.#handlers.idle?.();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#addon.fdWatchClose(this.#watch);
    this.#release();
  }

  /** The number of a closed descriptor is given away again, so a send under way must end first. */
  #release(): void {
    if (!this.#open && this.#sending === 0) closeSync(this.#fd);
  }

  #wake(status: number): void {
    this.receive();
    // libuv stops a watch whose descriptor reports an error, and ENOBUFS is one
    if (status < 0 && this.#open) this.#addon.fdWatchSet(this.#watch, FD_EVENT.readable);
  }

  #receiveOnce(): number {
    const { wire, slot, lengths } = inbox;
    const count = this.#addon.netlinkReceive(this.#fd, wire.bytes, slot, lengths);
    if (count < 0) return this.#receiveFailed(-count);
    let needed = slot;
    for (let i = 0; i < count && this.#open; i++) {
      const length = lengths[i] as number;
      if (length > 0) this.#handlers.datagram(wire, i * slot, i * slot + length);
      else if (length < 0) this.#handlers.truncated(wire, i * slot, (i + 1) * slot);
      needed = Math.max(needed, -length);
    }
    if (needed > slot) growInbox(needed);
    return count;
  }

  #receiveFailed(errno: number): number {
    if (errno === ERRNO.EAGAIN) return 0;
    if (errno === ERRNO.EINTR) return 1;
    if (errno === ERRNO.ENOBUFS) {
      this.#handlers.overrun();
      return 1;
    }
    this.close();
    this.#handlers.failed(kernelError('receive from a netlink socket', errno));
    return 0;
  }
}
