// SPDX-License-Identifier: Apache-2.0
// What generated decoders are made of. Every function that reads checks the length first; the only thing
// thrown is a
// DecodeFault, which the exported decoders turn into WeirError `DECODE` with the path (see located()).
import { cString } from '../base/bytes.ts';
import type { Wire } from '../base/wire.ts';
import { wireOf } from '../base/wire.ts';

/** An attribute that the tables do not know, kept as it was. */
export interface UnknownAttr {
  readonly type: number;
  readonly data: Uint8Array;
}

/** A flag word with the mask of the flags that are meant (struct nla_bitfield32). */
export interface Bitfield32 {
  readonly value: number;
  readonly selector: number;
}

/** A type whose properties may be set, for values under construction. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Bits of nla_type that hold the number (NLA_TYPE_MASK); above are NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
export const NLA_TYPE_MASK = 0x3fff;
/** Set in nla_type when the payload is a nest. */
export const NLA_F_NESTED = 0x8000;

/** Where and why decoding stopped. */
export class DecodeFault {
  readonly offset: number;
  readonly problem: string;

  constructor(offset: number, problem: string) {
    this.offset = offset;
    this.problem = problem;
  }
}

/** An attribute header at `at` with a length that cannot be. */
export function cut(at: number, length: number, end: number): DecodeFault {
  const problem =
    length < 4 ? `attribute length ${length} is below 4` : `attribute of ${length} bytes in ${end - at}`;
  return new DecodeFault(at, problem);
}

function short(start: number, end: number, need: number): DecodeFault {
  return new DecodeFault(start, `${end - start} bytes where ${need} are needed`);
}

/** Unsigned byte. */
export function u8(w: Wire, start: number, end: number): number {
  if (end - start < 1) throw short(start, end, 1);
  return w.view.getUint8(start);
}

/** Signed byte. */
export function s8(w: Wire, start: number, end: number): number {
  if (end - start < 1) throw short(start, end, 1);
  return w.view.getInt8(start);
}

/** Unsigned 16 bits, host order. */
export function u16(w: Wire, start: number, end: number): number {
  if (end - start < 2) throw short(start, end, 2);
  return w.view.getUint16(start, true);
}

/** Unsigned 16 bits, network order. */
export function u16be(w: Wire, start: number, end: number): number {
  if (end - start < 2) throw short(start, end, 2);
  return w.view.getUint16(start);
}

/** Signed 16 bits, host order. */
export function s16(w: Wire, start: number, end: number): number {
  if (end - start < 2) throw short(start, end, 2);
  return w.view.getInt16(start, true);
}

/** Unsigned 32 bits, host order. */
export function u32(w: Wire, start: number, end: number): number {
  if (end - start < 4) throw short(start, end, 4);
  return w.view.getUint32(start, true);
}

/** Unsigned 32 bits, network order. */
export function u32be(w: Wire, start: number, end: number): number {
  if (end - start < 4) throw short(start, end, 4);
  return w.view.getUint32(start);
}

/** Signed 32 bits, host order. */
export function s32(w: Wire, start: number, end: number): number {
  if (end - start < 4) throw short(start, end, 4);
  return w.view.getInt32(start, true);
}

/** Unsigned 64 bits, host order. */
export function u64(w: Wire, start: number, end: number): bigint {
  if (end - start < 8) throw short(start, end, 8);
  return w.view.getBigUint64(start, true);
}

/** Unsigned 64 bits, network order. */
export function u64be(w: Wire, start: number, end: number): bigint {
  if (end - start < 8) throw short(start, end, 8);
  return w.view.getBigUint64(start);
}

/** Signed 64 bits, host order. */
export function s64(w: Wire, start: number, end: number): bigint {
  if (end - start < 8) throw short(start, end, 8);
  return w.view.getBigInt64(start, true);
}

/** Unsigned integer of 4 or 8 bytes, as nla_put_uint() writes it. */
export function uint(w: Wire, start: number, end: number): bigint {
  return end - start < 8 ? BigInt(u32(w, start, end)) : w.view.getBigUint64(start, true);
}

/** Signed integer of 4 or 8 bytes, as nla_put_sint() writes it. */
export function sint(w: Wire, start: number, end: number): bigint {
  return end - start < 8 ? BigInt(s32(w, start, end)) : w.view.getBigInt64(start, true);
}

/** Text up to the first NUL or the end. */
export function string(w: Wire, start: number, end: number): string {
  return cString(w.bytes, start, end);
}

/** A copy of the payload. */
export function bytes(w: Wire, start: number, end: number): Uint8Array {
  return w.bytes.slice(start, end);
}

/** struct nla_bitfield32. */
export function bitfield32(w: Wire, start: number, end: number): Bitfield32 {
  if (end - start < 8) throw short(start, end, 8);
  return { value: w.view.getUint32(start, true), selector: w.view.getUint32(start + 4, true) };
}

/** Append to a list that may not exist yet. */
export function append<T>(list: readonly T[] | undefined, item: T): readonly T[] {
  if (list === undefined) return [item];
  (list as T[]).push(item);
  return list;
}

/** Join two lists of which the first may not exist yet. */
export function concat<T>(list: readonly T[] | undefined, more: readonly T[]): readonly T[] {
  return list === undefined ? more : [...list, ...more];
}

/** Keep an attribute that the table does not know. */
export function keepUnknown(
  list: readonly UnknownAttr[] | undefined,
  w: Wire,
  type: number,
  start: number,
  end: number,
): readonly UnknownAttr[] {
  return append(list, { type, data: w.bytes.slice(start, end) });
}

/** Reads one item at `[start, end)`. */
export type ReadItem<T> = (w: Wire, start: number, end: number) => T;

/** A nest whose attribute types are indices. */
export function indexed<T>(w: Wire, start: number, end: number, item: ReadItem<T>): readonly T[] {
  const list: T[] = [];
  for (let at = start; at + 4 <= end; ) {
    const length = w.view.getUint16(at, true);
    const next = at + length;
    if (length < 4 || next > end) throw cut(at, length, end);
    list.push(item(w, at + 4, next));
    at = next + (-length & 3);
  }
  return list;
}

/** Nests whose attribute types are values: `depth` levels, then the payload. */
export function keyed<T>(
  w: Wire,
  start: number,
  end: number,
  depth: number,
  item: (keys: readonly number[], start: number, end: number) => T,
  keys: readonly number[] = [],
): readonly T[] {
  if (depth === 0) return [item(keys, start, end)];
  const list: T[] = [];
  for (let at = start; at + 4 <= end; ) {
    const length = w.view.getUint16(at, true);
    const next = at + length;
    if (length < 4 || next > end) throw cut(at, length, end);
    const type = w.view.getUint16(at + 2, true) & NLA_TYPE_MASK;
    list.push(...keyed(w, at + 4, next, depth - 1, item, [...keys, type]));
    at = next + (-length & 3);
  }
  return list;
}

/** Records that start with their own u16 length and are aligned to 4 bytes (struct rtnexthop). */
export function records<T>(
  w: Wire,
  start: number,
  end: number,
  size: number,
  item: ReadItem<T>,
): readonly T[] {
  const list: T[] = [];
  for (let at = start; at < end; ) {
    if (end - at < size) throw short(at, end, size);
    const length = w.view.getUint16(at, true);
    const next = at + length;
    if (length < size || next > end) throw new DecodeFault(at, `record of ${length} bytes in ${end - at}`);
    list.push(item(w, at, next));
    at = next + (-length & 3);
  }
  return list;
}

/** A packed array of items of `size` bytes; bytes that are no whole item are left out. */
export function packed<T>(
  w: Wire,
  start: number,
  end: number,
  size: number,
  item: ReadItem<T>,
): readonly T[] {
  const list: T[] = [];
  for (let at = start; at + size <= end; at += size) list.push(item(w, at, at + size));
  return list;
}

/** The struct at `[start, end)`, continued with zeros up to `size` bytes. */
export function zeroFilled(w: Wire, start: number, end: number, size: number): Wire {
  const copy = new Uint8Array(size);
  copy.set(w.bytes.subarray(start, Math.min(end, start + size)));
  return wireOf(copy);
}

/** Bytes behind a struct, if there are any. */
export function tailOf(w: Wire, start: number, end: number): { readonly tail?: Uint8Array } {
  return start < end ? { tail: w.bytes.slice(start, end) } : {};
}
