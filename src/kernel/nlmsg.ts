// SPDX-License-Identifier: Apache-2.0
// Walking netlink messages in a receive buffer (include/uapi/linux/netlink.h, struct nlmsghdr).
import type { Wire } from '../base/wire.ts';
import { NLMSG_DONE } from '../codec/generated/netlink.ts';
import { decodeNlmsgDone, decodeNlmsgerr, type NetlinkResult, NLMSG_HDRLEN } from '../codec/message.ts';

/** Fields of struct nlmsghdr, by their offset. */
export const NLMSGHDR = { length: 0, type: 4, flags: 6, sequence: 8, port: 12 } as const;

/** Round up to NLMSG_ALIGNTO. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** Decode the NLMSG_ERROR or NLMSG_DONE whose header is at `start`. */
export function decodeAck(wire: Wire, start: number, end: number): NetlinkResult {
  const flags = wire.view.getUint16(start + NLMSGHDR.flags, true);
  const done = wire.view.getUint16(start + NLMSGHDR.type, true) === NLMSG_DONE;
  const decode = done ? decodeNlmsgDone : decodeNlmsgerr;
  return decode(wire, start + NLMSG_HDRLEN, end, flags);
}

/** Call `each` for the messages of a datagram, header included; one whose length cannot be ends it. */
export function forEachMessage(
  wire: Wire,
  start: number,
  end: number,
  each: (start: number, end: number) => void,
): void {
  for (let at = start; at + NLMSG_HDRLEN <= end; ) {
    const length = wire.view.getUint32(at, true);
    if (length < NLMSG_HDRLEN || at + length > end) return;
    each(at, at + length);
    at += aligned(length);
  }
}
