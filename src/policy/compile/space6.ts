// SPDX-License-Identifier: Apache-2.0
import type { V6Prefix } from '../compiled.ts';
import { compareV6, covers, type PrefixList } from '../prefixes.ts';
import type { Membership, Memberships } from './membership.ts';

/** A prefix of the trie. */
interface Entry {
  readonly address: Uint8Array;
  readonly length: number;
  atoms: readonly number[];
  /** What a lookup that ends here gives. */
  inside: Membership;
  /** Identity that the datapath gives for this prefix. */
  before: number;
}

/** Prefixes of 32 bits and more with the same first 32 bits. */
interface Bucket {
  readonly entries: Map<string, Entry>;
  /** In the order in which each prefix comes behind those that cover it; undefined while it has to be sorted anew. */
  sorted: readonly Entry[] | undefined;
  /** Entries of 128 bits whose atoms changed. */
  readonly leaves: Set<Entry>;
  isDirty: boolean;
}

const EDGE = 32;

/** What is known of each IPv6 address: the content of a trie whose longest prefix tells everything. */
export class Space6 {
  readonly #memberships: Memberships;
  /** Prefixes shorter than 32 bits. */
  readonly #upper: Bucket = emptyBucket();
  readonly #buckets = new Map<number, Bucket>();
  readonly #changed = new Map<string, Entry>();
  /** First words of buckets to be looked at. */
  readonly #dirty = new Set<number>();
  readonly #lengths = new Lengths();
  #count = 0;

  constructor(memberships: Memberships) {
    this.#memberships = memberships;
  }

  /** Prefixes in the trie. */
  get count(): number {
    return this.#count;
  }

  /** @param length From 1. */
  add(address: Uint8Array, length: number, atom: number): void {
    const bucket = this.#bucketOf(address, length);
    const key = keyOf(address, length);
    const known = bucket.entries.get(key);
    if (known !== undefined) this.#put(bucket, known, [...known.atoms, atom]);
    else {
      const nothing = this.#memberships.nothing[6];
      const made = this.#changed.get(key) ?? {
        address: address.slice(),
        length,
        atoms: [],
        inside: nothing,
        before: -1,
      };
      bucket.entries.set(key, made);
      bucket.sorted = undefined;
      this.#lengths.add(length);
      this.#count++;
      this.#put(bucket, made, [atom]);
    }
  }

  remove(address: Uint8Array, length: number, atom: number): void {
    const bucket = this.#bucketOf(address, length);
    const key = keyOf(address, length);
    const entry = bucket.entries.get(key);
    if (entry === undefined) return;
    const at = entry.atoms.indexOf(atom);
    this.#put(
      bucket,
      entry,
      entry.atoms.filter((_, i) => i !== at),
    );
    if (entry.atoms.length > 0) return;
    bucket.entries.delete(key);
    bucket.sorted = undefined;
    bucket.isDirty ||= length < 128;
    this.#count--;
    this.#lengths.remove(length);
    this.#changed.set(key, entry);
  }

  /** From the prefixes of one list to those of another. */
  replace(from: PrefixList, to: PrefixList, atom: number): void {
    let [i, j] = [0, 0];
    while (i < from.v6Lengths.length || j < to.v6Lengths.length) {
      const order = compareAt(from, i, to, j);
      if (order < 0) this.remove(bytesAt(from, i), from.v6Lengths[i] as number, atom);
      if (order > 0) this.add(bytesAt(to, j), to.v6Lengths[j] as number, atom);
      if (order <= 0) i++;
      if (order >= 0) j++;
    }
  }

  /** Compute what is different. */
  rebuild(): void {
    const nothing = this.#memberships.nothing[6];
    const all = this.#upper.isDirty;
    if (all) this.#pass(this.#upper, nothing);
    for (const first of all ? this.#buckets.keys() : this.#dirty) {
      const bucket = this.#buckets.get(first);
      if (bucket === undefined) continue;
      if (all || bucket.isDirty) this.#pass(bucket, this.#above(first));
      else for (const leaf of bucket.leaves) this.#leaf(bucket, leaf, first);
      bucket.isDirty = false;
      bucket.leaves.clear();
      if (bucket.entries.size === 0) this.#buckets.delete(first);
    }
    this.#upper.isDirty = false;
    this.#dirty.clear();
    this.#sink();
  }

  /** Prefixes that changed since `accept`, and those that are gone. */
  records(): { readonly set: readonly V6Prefix[]; readonly gone: readonly V6Prefix[] } {
    const set: V6Prefix[] = [];
    const gone: V6Prefix[] = [];
    for (const { address, length, atoms, inside, before } of this.#changed.values()) {
      const prefix = { address, length, identity: inside.identity };
      const isNew = before < 0;
      if (atoms.length === 0) {
        if (!isNew) gone.push({ ...prefix, identity: this.#cover(address, length), before });
      } else set.push({ ...prefix, before: isNew ? this.#coverBefore(address, length) : before });
    }
    return { set, gone };
  }

  /** All prefixes, for an empty trie. */
  all(): readonly V6Prefix[] {
    const found: V6Prefix[] = [];
    for (const { entries } of [this.#upper, ...this.#buckets.values()])
      for (const { address, length, inside } of entries.values())
        found.push({ address, length, identity: inside.identity, before: 0 });
    return found;
  }

  accept(): void {
    for (const entry of this.#changed.values()) entry.before = entry.inside.identity;
    this.#changed.clear();
    this.#lengths.accept();
  }

  #bucketOf(address: Uint8Array, length: number): Bucket {
    if (length < EDGE) return this.#upper;
    const first = firstWord(address);
    this.#dirty.add(first);
    let bucket = this.#buckets.get(first);
    if (bucket === undefined) {
      bucket = emptyBucket();
      this.#buckets.set(first, bucket);
    }
    return bucket;
  }

  #put(bucket: Bucket, entry: Entry, atoms: readonly number[]): void {
    entry.atoms = atoms;
    if (entry.length === 128) bucket.leaves.add(entry);
    else bucket.isDirty = true;
  }

  /** Every prefix of a bucket anew. */
  #pass(bucket: Bucket, base: Membership): void {
    const sorted = bucket.sorted ?? [...bucket.entries.values()].sort(inOrder);
    bucket.sorted = sorted;
    const outer: Entry[] = [];
    for (const entry of sorted) {
      while (outer.length > 0 && !isInside(entry, outer.at(-1) as Entry)) outer.pop();
      this.#set(entry, outer.at(-1)?.inside ?? base);
      outer.push(entry);
    }
  }

  /** A single address alone. */
  #leaf(bucket: Bucket, leaf: Entry, first: number): void {
    if (leaf.atoms.length === 0) return;
    this.#set(leaf, this.#longest(bucket, leaf.address, 127)?.inside ?? this.#above(first));
  }

  #set(entry: Entry, around: Membership): void {
    let inside = around;
    for (const atom of entry.atoms) inside = this.#memberships.join(inside, atom);
    const before = entry.inside;
    if (inside === before && entry.before >= 0) return;
    if (inside !== before) {
      this.#memberships.count(inside, 1);
      this.#memberships.count(before, -1);
      entry.inside = inside;
    }
    this.#changed.set(keyOf(entry.address, entry.length), entry);
  }

  /** What is gone lets go of what it said. */
  #sink(): void {
    const nothing = this.#memberships.nothing[6];
    for (const [key, entry] of this.#changed) {
      if (entry.atoms.length > 0 || entry.inside === nothing) continue;
      this.#memberships.count(entry.inside, -1);
      entry.inside = nothing;
      if (entry.before < 0) this.#changed.delete(key);
    }
  }

  #above(first: number): Membership {
    const address = new Uint8Array(16);
    new DataView(address.buffer).setUint32(0, first);
    return this.#longest(this.#upper, address, EDGE - 1)?.inside ?? this.#memberships.nothing[6];
  }

  /** What a lookup gives for a prefix that is not there. */
  #cover(address: Uint8Array, length: number): number {
    const bucket = length < EDGE ? undefined : this.#buckets.get(firstWord(address));
    const inner = bucket && this.#longest(bucket, address, length - 1);
    const found = inner ?? this.#longest(this.#upper, address, Math.min(length, EDGE) - 1);
    return found?.inside.identity ?? 0;
  }

  /** The longest prefix of at most `length` bits that holds the address. */
  #longest({ entries }: Bucket, address: Uint8Array, length: number): Entry | undefined {
    if (entries.size === 0) return undefined;
    for (let shorter = length; shorter > 0; shorter--) {
      const found = this.#lengths.hasAny(shorter) ? entries.get(keyOf(address, shorter)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What a lookup gave before the changes that the datapath does not know yet. */
  #coverBefore(address: Uint8Array, length: number): number {
    for (let shorter = length - 1; shorter > 0; shorter--) {
      if (!this.#lengths.hadAny(shorter)) continue;
      const key = keyOf(address, shorter);
      const entry =
        this.#changed.get(key) ??
        (shorter < EDGE ? this.#upper : this.#buckets.get(firstWord(address)))?.entries.get(key);
      if (entry !== undefined && entry.before >= 0) return entry.before;
    }
    return 0;
  }
}

/** How many prefixes of each length there are, and of which there were some before. */
class Lengths {
  readonly #counts = new Uint32Array(129);
  #before = new Uint32Array(129);

  add(length: number): void {
    this.#counts[length] = (this.#counts[length] as number) + 1;
  }

  remove(length: number): void {
    this.#counts[length] = (this.#counts[length] as number) - 1;
  }

  hasAny(length: number): boolean {
    return this.#counts[length] !== 0;
  }

  hadAny(length: number): boolean {
    return this.#before[length] !== 0;
  }

  accept(): void {
    this.#before = this.#counts.slice();
  }
}

function emptyBucket(): Bucket {
  return { entries: new Map(), sorted: undefined, leaves: new Set(), isDirty: false };
}

/** The bits of a prefix and their number, as a text. */
function keyOf(address: Uint8Array, length: number): string {
  let key = '';
  for (let i = 0; i < 16; i += 2) {
    const bits = Math.min(16, Math.max(0, length - 8 * i));
    const word = ((address[i] as number) << 8) | (address[i + 1] as number);
    key += String.fromCharCode(word & (0xffff0000 >> bits) & 0xffff);
  }
  return key + String.fromCharCode(length);
}

function firstWord(address: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = address;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function inOrder(a: Entry, b: Entry): number {
  return compareV6(a.address, 0, b.address, 0) || a.length - b.length;
}

function isInside(inner: Entry, outer: Entry): boolean {
  return outer.length <= inner.length && covers(outer.address, 0, outer.length, inner.address, 0);
}

function compareAt(a: PrefixList, i: number, b: PrefixList, j: number): number {
  if (i >= a.v6Lengths.length) return 1;
  if (j >= b.v6Lengths.length) return -1;
  return compareV6(a.v6, i, b.v6, j) || (a.v6Lengths[i] as number) - (b.v6Lengths[j] as number);
}

function bytesAt({ v6 }: PrefixList, i: number): Uint8Array {
  return v6.subarray(16 * i, 16 * i + 16);
}
