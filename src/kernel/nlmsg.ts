// SPDX-License-Identifier: Apache-2.0
// The netlink message header and acknowledgement (include/uapi/linux/netlink.h).
import { cString } from '../base/bytes.ts';
import type { ExtendedAck } from '../base/kernel-error.ts';
import type { Wire } from '../base/wire.ts';

/** Bytes of a struct nlmsghdr: u32 length, u16 type, u16 flags, u32 sequence number, u32 port id. */
export const NLMSG_HDRLEN = 16;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** On a message of a dump: the kernel's state changed in between, the dump is not consistent. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

const NLMSGERR_ATTR = { MSG: 1, OFFS: 2, MISS_TYPE: 5 } as const;

/** Round up to NLMSG_ALIGNTO. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** What an NLMSG_ERROR or NLMSG_DONE said. `errno` is positive, 0 for success. */
export interface Acknowledgement {
  readonly errno: number;
  readonly extack: ExtendedAck;
}

/** Decode the NLMSG_ERROR or NLMSG_DONE whose header is at `start`; short messages read as success. */
export function decodeAck(wire: Wire, start: number, end: number): Acknowledgement {
  const { view } = wire;
  const body = start + NLMSG_HDRLEN;
  if (body + 4 > end) return { errno: 0, extack: {} };
  const flags = view.getUint16(start + 6, true);
  const errno = -view.getInt32(body, true);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, extack: {} };
  return { errno, extack: decodeExtack(wire, extackStart(wire, start, flags), end) };
}

/** The attributes follow the errno, and in an NLMSG_ERROR the header (or all) of the refused message too. */
function extackStart({ view }: Wire, start: number, flags: number): number {
  const body = start + NLMSG_HDRLEN + 4;
  if (view.getUint16(start + 4, true) !== NLMSG_ERROR) return body;
  const echoed = (flags & NLM_F_CAPPED) !== 0 ? NLMSG_HDRLEN : view.getUint32(body, true);
  return body + aligned(echoed);
}

function decodeExtack({ bytes, view }: Wire, start: number, end: number): ExtendedAck {
  const ack: { -readonly [K in keyof ExtendedAck]: ExtendedAck[K] } = {};
  for (let at = start; at + 4 <= end; ) {
    const length = view.getUint16(at, true);
    const value = at + 4;
    if (length < 4 || at + length > end) break;
    const type = view.getUint16(at + 2, true);
    if (type === NLMSGERR_ATTR.MSG) ack.message = cString(bytes, value, at + length);
    else if (length < 8) break;
    else if (type === NLMSGERR_ATTR.OFFS) ack.offset = view.getUint32(value, true);
    else if (type === NLMSGERR_ATTR.MISS_TYPE) ack.missingType = view.getUint32(value, true);
    at += aligned(length);
  }
  return ack;
}
