// SPDX-License-Identifier: Apache-2.0
// Hot paths read attributes in place: one pass notes where each payload starts, and nothing is allocated.
import { WeirError } from '../base/errors.ts';
import type { Wire } from '../base/wire.ts';
import { cut, NLA_TYPE_MASK } from './decode.ts';

/**
 * Note where the payload of each attribute in `[start, end)` starts: `offsets[type]`, 0 when it is absent. Of
 * an
 * attribute that occurs twice the last counts; types beyond the array are passed over. Check lengths with
 * `lengthAt`
 * (the readers below do).
 *
 * @example
 * const offsets = new Int32Array(RTA_NH_ID + 1);
 * scanAttrs(w, start + RTMSG_SIZE, end, offsets);
 * const oif = u32At(w, offsets[RTA_OIF]);
 * @throws {WeirError} `DECODE` when a length cannot be.
 */
export function scanAttrs(w: Wire, start: number, end: number, offsets: Int32Array): void {
  const view = w.view;
  const types = offsets.length;
  for (let type = 0; type < types; type++) offsets[type] = 0;
  for (let at = start; at + 4 <= end; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > end) throw malformed(at, length, end);
    const type = view.getUint16(at + 2, true) & NLA_TYPE_MASK;
    if (type < types) offsets[type] = at + 4;
    at += (length + 3) & ~3;
  }
}

function malformed(at: number, length: number, end: number): WeirError {
  return new WeirError('DECODE', { path: 'attributes', problem: cut(at, length, end).problem, offset: at });
}

/** Bytes of the payload at `at`, a position that `scanAttrs` gave; 0 for an absent attribute. */
export function lengthAt(w: Wire, at: number | undefined): number {
  return at ? w.view.getUint16(at - 4, true) - 4 : 0;
}

/** The u32 at a position that `scanAttrs` gave, or `otherwise` when it is absent or short. */
export function u32At(w: Wire, at: number | undefined, otherwise = 0): number {
  return at && lengthAt(w, at) >= 4 ? w.view.getUint32(at, true) : otherwise;
}

/**
 * An IPv4 address at a position that `scanAttrs` gave, as a number in host order; -1 when it is something
 * else.
 */
export function ipv4At(w: Wire, at: number | undefined): number {
  return at && lengthAt(w, at) === 4 ? w.view.getUint32(at) : -1;
}

/**
 * A u64 counter as a number, at a byte that the caller knows to be inside: exact up to 2^53, rounded beyond.
 * Many times
 * cheaper than a bigint.
 */
export function counterAt(w: Wire, at: number): number {
  return w.view.getUint32(at, true) + w.view.getUint32(at + 4, true) * 0x1_0000_0000;
}
