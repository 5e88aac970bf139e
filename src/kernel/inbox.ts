// SPDX-License-Identifier: Apache-2.0
import { type Wire, wireOf } from '../base/wire.ts';

/** Room for some datagrams: number i is at `i * slot`, and `lengths[i]` says how long it is. */
export interface Inbox {
  readonly wire: Wire;
  readonly slot: number;
  readonly lengths: Int32Array;
}

/** Datagrams per system call. A dump's have 32 KiB: all of them are a millisecond or two of decoding. */
const SLOTS = 8;
/** Inboxes that are kept for the next who needs one. */
const KEPT = 4;

/** A dump's datagram has at most 32 KiB, but a single message can be larger; then all new inboxes are. */
let slot = 1 << 16;
let idle: Inbox[] = [];

/** Take an inbox that nobody else uses. */
export function takeInbox(): Inbox {
  return idle.pop() ?? { wire: wireOf(new Uint8Array(SLOTS * slot)), slot, lengths: new Int32Array(SLOTS) };
}

/** Give it back; what was in it may be overwritten from now on. */
export function giveInbox(inbox: Inbox): void {
  if (inbox.slot === slot && idle.length < KEPT) idle.push(inbox);
}

/** From now on datagrams of `size` bytes fit. */
export function growInboxes(size: number): void {
  while (slot < size) slot *= 2;
  idle = idle.filter((inbox) => inbox.slot === slot);
}
