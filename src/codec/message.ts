// SPDX-License-Identifier: Apache-2.0
// Netlink messages as such: errors, extended acks and the path of what they point to.
import type { ExtendedAck } from '../base/kernel-error.ts';
import type { Wire } from '../base/wire.ts';
import {
  decodeNlmsgerrAttrs,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSGHDR_SIZE,
  type NlmsgerrPolicyAttrs,
} from './generated/netlink.ts';
import { attrPathAt } from './path.ts';
import type { AttrTable } from './table.ts';

/** Bytes of struct nlmsghdr. */
export const NLMSG_HDRLEN: number = NLMSGHDR_SIZE;

/** What an NLMSG_ERROR or NLMSG_DONE message says. */
export interface NetlinkResult {
  /** 0 for an acknowledgement. */
  readonly errno: number;
  readonly ack: ExtendedAck;
  /** Offset of the nest that lacks `missingType`, from the request's nlmsghdr. */
  readonly missingNest?: number;
  /** What the kernel would have accepted. */
  readonly policy?: NlmsgerrPolicyAttrs;
  readonly cookie?: Uint8Array;
}

const NO_ACK: ExtendedAck = {};

/**
 * Decode the payload of NLMSG_ERROR: errno, the request's header (and the request unless NLM_F_CAPPED), then
 * the
 * extended ack's attributes when NLM_F_ACK_TLVS is set. Malformed attributes are ignored: the errno matters
 * more.
 *
 * @see net/netlink/af_netlink.c netlink_ack()
 */
export function decodeNlmsgerr(w: Wire, start: number, end: number, flags: number): NetlinkResult {
  if (end - start < 4) return { errno: 0, ack: NO_ACK };
  const errno = 0 - w.view.getInt32(start, true);
  if ((flags & NLM_F_ACK_TLVS) === 0 || end - start < 4 + NLMSG_HDRLEN) return { errno, ack: NO_ACK };
  const request = (flags & NLM_F_CAPPED) !== 0 ? NLMSG_HDRLEN : w.view.getUint32(start + 4, true);
  return withAck(errno, w, start + 4 + ((request + 3) & ~3), end);
}

/** Decode the payload of NLMSG_DONE: errno of the dump, then the extended ack. */
export function decodeNlmsgDone(w: Wire, start: number, end: number, flags: number): NetlinkResult {
  if (end - start < 4) return { errno: 0, ack: NO_ACK };
  const errno = Math.max(0, 0 - w.view.getInt32(start, true));
  return (flags & NLM_F_ACK_TLVS) === 0 ? { errno, ack: NO_ACK } : withAck(errno, w, start + 4, end);
}

function withAck(errno: number, w: Wire, start: number, end: number): NetlinkResult {
  try {
    const { msg, offs, cookie, policy, missType, missNest } = decodeNlmsgerrAttrs(w, start, end);
    return {
      errno,
      ack: {
        ...(msg === undefined ? {} : { message: msg }),
        ...(offs === undefined ? {} : { offset: offs }),
        ...(missType === undefined ? {} : { missingType: missType }),
      },
      ...(missNest === undefined ? {} : { missingNest: missNest }),
      ...(policy === undefined ? {} : { policy }),
      ...(cookie === undefined ? {} : { cookie }),
    };
  } catch {
    return { errno, ack: NO_ACK };
  }
}

/** How requests of one message type are laid out: bytes of the fixed header, and the attributes behind it. */
export interface RequestShape {
  readonly header: number;
  readonly table: AttrTable;
}

/**
 * Path of the attribute that an extended ack's offset points to.
 *
 * @param w The request's payload, without nlmsghdr.
 * @param offset As the kernel gave it: from the request's nlmsghdr.
 * @returns undefined when it points to no attribute, such as into the fixed header.
 */
export function requestPathAt(shape: RequestShape, w: Wire, offset: number): string | undefined {
  const start = (shape.header + 3) & ~3;
  return attrPathAt(shape.table, w, start, w.bytes.length, offset - NLMSG_HDRLEN);
}
