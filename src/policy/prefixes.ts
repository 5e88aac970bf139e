// SPDX-License-Identifier: Apache-2.0
// Sets of prefixes in little memory. Only what is a member matters: a prefix inside another one is left out.

/** Prefixes that do not overlap, in the order of their addresses. */
export interface PrefixList {
  /** IPv4: `network * 64 + length`. */
  readonly v4: Float64Array;
  /** IPv6: networks of 16 bytes, one behind the other. */
  readonly v6: Uint8Array;
  readonly v6Lengths: Uint8Array;
}

/** A line that is no prefix. */
export interface PrefixProblem {
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

export interface ParsedPrefixes {
  readonly list: PrefixList;
  /** Prefixes that were given, with those that are left out. */
  readonly count: number;
  /** At most 100. With problems the list is not to be used. */
  readonly problems: readonly PrefixProblem[];
}

const MAX_PROBLEMS = 100;

export const NO_PREFIXES: PrefixList = {
  v4: new Float64Array(0),
  v6: new Uint8Array(0),
  v6Lengths: new Uint8Array(0),
};

/** First address and length of an entry of `v4`. */
export function v4Network(entry: number): number {
  return Math.floor(entry / 64);
}
export function v4Length(entry: number): number {
  return entry % 64;
}

/** True when the address (4 or 16 bytes) is in one of the prefixes. */
export function inPrefixes(list: PrefixList, address: Uint8Array): boolean {
  return address.length === 4 ? inV4(list.v4, v4Number(address)) : inV6(list, address);
}

/** The address as a number. */
export function v4Number(address: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = address;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function inV4(v4: Float64Array, address: number): boolean {
  const at = lastNotAbove(v4.length, (i) => v4Network(v4[i] as number) <= address);
  if (at < 0) return false;
  const entry = v4[at] as number;
  return address < v4Network(entry) + 2 ** (32 - v4Length(entry));
}

function inV6({ v6, v6Lengths }: PrefixList, address: Uint8Array): boolean {
  const at = lastNotAbove(v6Lengths.length, (i) => compareV6(v6, i, address, 0) <= 0);
  return at >= 0 && covers(v6, at, v6Lengths[at] as number, address, 0);
}

/** The last place whose predecessors and itself all fit, -1 if none does. */
function lastNotAbove(length: number, fits: (i: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Order of two addresses of 16 bytes, by their places in lists. */
export function compareV6(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  for (let k = 0; k < 16; k++) {
    const difference = (a[16 * i + k] as number) - (b[16 * j + k] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True when the first `length` bits of both are the same. */
export function covers(a: Uint8Array, i: number, length: number, b: Uint8Array, j: number): boolean {
  const whole = length >> 3;
  for (let k = 0; k < whole; k++) if (a[16 * i + k] !== b[16 * j + k]) return false;
  const mask = (0xff00 >> (length & 7)) & 0xff;
  return mask === 0 || (((a[16 * i + whole] as number) ^ (b[16 * j + whole] as number)) & mask) === 0;
}

/** Collects prefixes in any order. */
export class PrefixCollector {
  #v4 = new Float64Array(1024);
  #v4Count = 0;
  #v6 = new Uint8Array(16 * 64);
  #v6Lengths = new Uint8Array(64);
  #v6Count = 0;

  get count(): number {
    return this.#v4Count + this.#v6Count;
  }

  addV4(address: number, length: number): void {
    if (this.#v4Count === this.#v4.length) this.#v4 = grown(this.#v4, Float64Array);
    const size = 2 ** (32 - length);
    this.#v4[this.#v4Count++] = Math.floor(address / size) * size * 64 + length;
  }

  /** @param address 16 bytes. */
  addV6(address: Uint8Array, length: number): void {
    if (this.#v6Count === this.#v6Lengths.length) {
      this.#v6 = grown(this.#v6, Uint8Array);
      this.#v6Lengths = grown(this.#v6Lengths, Uint8Array);
    }
    const at = 16 * this.#v6Count;
    for (let i = 0; i < 16; i++) {
      const bits = Math.min(8, Math.max(0, length - 8 * i));
      this.#v6[at + i] = (address[i] as number) & (0xff00 >> bits) & 0xff;
    }
    this.#v6Lengths[this.#v6Count++] = length;
  }

  list(): PrefixList {
    return { v4: disjointV4(this.#v4.slice(0, this.#v4Count)), ...this.#disjointV6() };
  }

  #disjointV6(): Pick<PrefixList, 'v6' | 'v6Lengths'> {
    const [bytes, lengths] = [this.#v6, this.#v6Lengths];
    const order = orderOfV6(bytes, lengths, this.#v6Count);
    const v6 = new Uint8Array(16 * order.length);
    const v6Lengths = new Uint8Array(order.length);
    let kept = 0;
    for (const i of order) {
      if (kept > 0 && covers(v6, kept - 1, v6Lengths[kept - 1] as number, bytes, i)) continue;
      v6.set(bytes.subarray(16 * i, 16 * i + 16), 16 * kept);
      v6Lengths[kept++] = lengths[i] as number;
    }
    return { v6: v6.slice(0, 16 * kept), v6Lengths: v6Lengths.slice(0, kept) };
  }
}

/** Sorted, and without what lies in a prefix before. */
function disjointV4(entries: Float64Array): Float64Array {
  entries.sort();
  let kept = 0;
  let end = 0;
  for (const entry of entries) {
    const first = v4Network(entry);
    if (first < end) continue;
    end = first + 2 ** (32 - v4Length(entry));
    entries[kept++] = entry;
  }
  return entries.slice(0, kept);
}

const PLACES = 2 ** 20;

/** Places in the order of their addresses: by 32 bits that differ natively, and what is the same there one by one. */
function orderOfV6(bytes: Uint8Array, lengths: Uint8Array, count: number): Uint32Array {
  const compare = (i: number, j: number) =>
    compareV6(bytes, i, bytes, j) || (lengths[i] as number) - (lengths[j] as number);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  if (count < 1000 || count > PLACES) return order.sort(compare);
  const skip = Math.min(12, commonBytes(bytes, count));
  const keyed = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let word = 0;
    for (let k = 0; k < 4; k++) word = word * 256 + (bytes[16 * i + skip + k] as number);
    keyed[i] = word * PLACES + i;
  }
  keyed.sort();
  for (let i = 0; i < count; i++) order[i] = (keyed[i] as number) % PLACES;
  const word = (at: number) => Math.floor((keyed[at] as number) / PLACES);
  for (let start = 0, end = 1; start < count; start = end++) {
    while (end < count && word(end) === word(start)) end++;
    if (end - start > 1) order.subarray(start, end).sort(compare);
  }
  return order;
}

/** Leading bytes that all addresses have. */
function commonBytes(bytes: Uint8Array, count: number): number {
  let common = 16;
  for (let i = 1; i < count && common > 0; i++) {
    let k = 0;
    while (k < common && bytes[k] === bytes[16 * i + k]) k++;
    common = k;
  }
  return common;
}

function grown<T extends Float64Array | Uint8Array>(array: T, of: new (length: number) => T): T {
  const larger = new of(array.length * 2);
  larger.set(array);
  return larger;
}

/** Line numbers with what is wrong, as far as they are told. */
export function noted(problems: PrefixProblem[], line: number, problem: string): void {
  if (problems.length < MAX_PROBLEMS) problems.push({ line, problem });
}
