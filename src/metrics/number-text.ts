// SPDX-License-Identifier: Apache-2.0
// Numbers to ASCII without a string in between. Every function writes at `at` and returns the position behind; the
// caller made room for MAX_NUMBER_LENGTH bytes.
import { bytesOf } from '../base/bytes.ts';

/** More than any number takes: `-2.2250738585072014e-308` has 24 bytes. */
export const MAX_NUMBER_LENGTH = 26;

const ZERO = 0x30;
const TWO_32 = 2 ** 32;
const BILLION = 1_000_000_000;

// "00" to "99": two digits for each division.
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) =>
  i % 2 === 0 ? ZERO + Math.floor(i / 20) : ZERO + (((i - 1) / 2) % 10),
);

/** Write an integer below 2^32. */
export function writeU32(out: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    out[at] = ZERO + value;
    return at + 1;
  }
  const end = at + digitsOf(value);
  writeDigits(out, at, end, value);
  return end;
}

/** Write an integer up to 2^53. */
export function writeU53(out: Uint8Array, at: number, value: number): number {
  if (value < TWO_32) return writeU32(out, at, value);
  const high = Math.floor(value / BILLION);
  const middle = writeU32(out, at, high);
  writeDigits(out, middle, middle + 9, value - high * BILLION);
  return middle + 9;
}

/** Write a u64 given in halves. */
export function writeU64(out: Uint8Array, at: number, lo: number, hi: number): number {
  if (hi === 0) return writeU32(out, at, lo);
  if (hi < 0x200000) return writeU53(out, at, hi * TWO_32 + lo);
  return writeText(out, at, String((BigInt(hi) << 32n) | BigInt(lo)));
}

/** Write any double as Prometheus reads it: `12`, `-0.5`, `1e+21`, `NaN`, `+Inf`. */
export function writeNumber(out: Uint8Array, at: number, value: number): number {
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value)
    return writeU53(out, at, value);
  if (value === Number.POSITIVE_INFINITY) return writeText(out, at, '+Inf');
  if (value === Number.NEGATIVE_INFINITY) return writeText(out, at, '-Inf');
  return writeText(out, at, String(value));
}

function writeText(out: Uint8Array, at: number, text: string): number {
  const bytes = bytesOf(text);
  out.set(bytes, at);
  return at + bytes.length;
}

/** Fill [start, end) with the decimal digits of a u32, zeros in front. */
function writeDigits(out: Uint8Array, start: number, end: number, value: number): void {
  let rest = value;
  let at = end;
  while (at - start >= 2) {
    const next = (rest / 100) >>> 0;
    const pair = (rest - next * 100) * 2;
    out[--at] = PAIRS[pair + 1] as number;
    out[--at] = PAIRS[pair] as number;
    rest = next;
  }
  if (at > start) out[start] = ZERO + rest;
}

function digitsOf(value: number): number {
  if (value < 100_000) {
    if (value < 1_000) return value < 100 ? 2 : 3;
    return value < 10_000 ? 4 : 5;
  }
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  if (value < BILLION) return value < 100_000_000 ? 8 : 9;
  return 10;
}
