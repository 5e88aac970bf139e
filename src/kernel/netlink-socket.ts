// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { NetnsFd } from '../base/brand.ts';
import { ERRNO } from '../base/errno.gen.ts';
import type { Wire } from '../base/wire.ts';
import { checked, kernelError, NAMESPACE_RIGHT } from './errno.ts';
import { giveInbox, growInboxes, type Inbox, takeInbox } from './inbox.ts';
import { FD_EVENT, type FdWatch, native } from './native.ts';
import type { NetlinkProtocol } from './ports.ts';

/** What a socket tells its owner. */
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
  /** True while a dump runs: then receiving makes the kernel work, and is done off this thread. */
  dumping?(): boolean;
  /** Called after each datagram of a dump; the next is handed on when it has settled. */
  readonly pace?: (() => Promise<void>) | undefined;
}

/** Bytes. Large enough for the acknowledgements and events of a burst; the kernel accounts only what is used. */
const RECEIVE_BUFFER = 8 << 20;
const SEND_BUFFER = 1 << 20;
/** Milliseconds after which reception gives way to the rest of the event loop. */
const TURN = 1;

/** One netlink socket in one network namespace, watched by the event loop. */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #watch: FdWatch;
  readonly #handlers: SocketHandlers;
  readonly #addon = native();
  #open = true;
  #pulling = false;
  /** Calls on other threads that use the descriptor. */
  #underWay = 0;

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
    const fd = this.#addon.netlinkOpen(netns, protocol, receiveBuffer, SEND_BUFFER);
    this.#fd = checked(operation, fd, NAMESPACE_RIGHT);
    try {
      for (const group of groups)
        checked(`join netlink group ${group}`, this.#addon.netlinkJoin(this.#fd, group));
      this.#watch = checked(
        operation,
        this.#addon.fdWatchOpen(this.#fd, () => this.#wake()),
      );
      this.#listen();
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
  send(bytes: Uint8Array, start: number, end: number): Promise<number> {
    if (!this.#open) return Promise.resolve(-ERRNO.EBADF);
    return this.#onPool(this.#addon.netlinkSendLater(this.#fd, bytes, start, end));
  }

  /** Deliver what has arrived, for about a millisecond; the event loop goes on with the rest. */
  receive(): void {
    if (this.#pulling) return;
    const inbox = takeInbox();
    const until = performance.now() + TURN;
    let more = true;
    while (this.#open && more && performance.now() < until) {
      const count = this.#addon.netlinkReceive(this.#fd, inbox.wire.bytes, inbox.slot, inbox.lengths);
      more = this.#deliver(inbox, count);
    }
    giveInbox(inbox);
    if (this.#open) this.#handlers.idle?.();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#addon.fdWatchClose(this.#watch);
    this.#release();
  }

  /** The number of a closed descriptor is given away again, so calls under way must end first. */
  #release(): void {
    if (!this.#open && this.#underWay === 0) closeSync(this.#fd);
  }

  async #onPool<T>(call: Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await call;
    } finally {
      this.#underWay--;
      this.#release();
    }
  }

  #listen(): void {
    checked('watch a netlink socket', this.#addon.fdWatchSet(this.#watch, FD_EVENT.readable));
  }

  #wake(): void {
    if (this.#handlers.dumping?.() === true) {
      void this.#pull();
      return;
    }
    this.receive();
    // libuv stops a watch whose descriptor reports an error, and ENOBUFS is one
    if (this.#open) this.#listen();
  }

  /** Receive a dump: the kernel makes its next part on another thread while this one decodes the last. */
  async #pull(): Promise<void> {
    this.#pulling = true;
    this.#addon.fdWatchSet(this.#watch, FD_EVENT.none);
    let next: Promise<Received> | undefined = this.#receiveLater();
    while (next !== undefined) {
      const received: Received = await next;
      const { inbox, count } = received;
      // a dump that goes on fills every slot: the kernel makes the next part as soon as one is taken
      const more = count === inbox.lengths.length && this.#open;
      next = more ? this.#receiveLater() : undefined;
      await this.#deliverAtPace(inbox, count);
      giveInbox(inbox);
    }
    this.#pulling = false;
    if (this.#open) this.#listen();
  }

  async #receiveLater(): Promise<Received> {
    const inbox = takeInbox();
    const { wire, slot, lengths } = inbox;
    const call = this.#addon.netlinkReceiveLater(this.#fd, wire.bytes, slot, lengths);
    return { inbox, count: await this.#onPool(call) };
  }

  async #deliverAtPace(inbox: Inbox, count: number): Promise<void> {
    const { pace } = this.#handlers;
    if (pace === undefined || count <= 0) return void this.#deliver(inbox, count);
    for (let i = 0; i < count && this.#open; i++) {
      this.#deliver(inbox, i + 1, i);
      await pace();
    }
  }

  /**
   * Hand on the datagrams from `first` on of `count`, or the negative errno.
   * @returns false when there is nothing more to receive.
   */
  #deliver({ wire, slot, lengths }: Inbox, count: number, first = 0): boolean {
    if (count < 0) return this.#receiveFailed(-count);
    let needed = slot;
    for (let i = first; i < count && this.#open; i++) {
      const length = lengths[i] as number;
      if (length > 0) this.#handlers.datagram(wire, i * slot, i * slot + length);
      else if (length < 0) this.#handlers.truncated(wire, i * slot, (i + 1) * slot);
      needed = Math.max(needed, -length);
    }
    if (needed > slot) growInboxes(needed);
    return count > 0;
  }

  #receiveFailed(errno: number): boolean {
    if (errno === ERRNO.EAGAIN || !this.#open) return false;
    // EINVAL: another thread received while the kernel was ending a dump (netlink_dump() clears cb_running after it
    // has queued the last part, and a receiver in between finds no dump to go on with). Nothing is lost.
    if (errno === ERRNO.EINTR || errno === ERRNO.EINVAL) return true;
    if (errno === ERRNO.ENOBUFS) {
      this.#handlers.overrun();
      return true;
    }
    this.close();
    this.#handlers.failed(kernelError('receive from a netlink socket', errno));
    return false;
  }
}

interface Received {
  readonly inbox: Inbox;
  readonly count: number;
}
