// SPDX-License-Identifier: Apache-2.0
import { LINK_TYPE } from '../../codec/pcapng.ts';

/** ARPHRD_* of devices whose frames are of Ethernet. */
const ETHERNET: readonly number[] = [1, 772];
export const ARPHRD_LOOPBACK = 772;

/** LINKTYPE_* of what is captured from a device of the type ARPHRD_*: other headers than Ethernet's are left out. */
export function linkTypeOf(type: number): number {
  return ETHERNET.includes(type) ? LINK_TYPE.ethernet : LINK_TYPE.raw;
}

/** An enhanced packet block has this much besides the packet. */
const BLOCK_OVERHEAD = 64;

/** Bytes that the block of one packet can need. */
export function largestBlock(snapLength: number): number {
  return snapLength + BLOCK_OVERHEAD;
}
