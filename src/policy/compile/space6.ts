// SPDX-License-Identifier: Apache-2.0
import type { V6Prefix } from '../compiled.ts';
import type { PrefixList } from '../prefixes.ts';
import type { Membership, Memberships } from './membership.ts';
import { isInside, keyBytes, keyLength, keyStart, shortened, v6Key } from './v6-key.ts';

/** A prefix of the trie. */
interface Entry {
  readonly key: string;
  atoms: readonly number[];
  /** What a lookup that ends here gives. */
  inside: Membership;
  /** Identity that the datapath gives for this prefix; -1 if it does not have it. */
  before: number;
}

/** Prefixes of 32 bits and more with the same first 32 bits; or all shorter ones. */
interface Bucket {
  readonly entries: Map<string, Entry>;
  /** In the order of the keys; undefined while it has to be sorted anew. */
  sorted: readonly Entry[] | undefined;
  /** Entries of 128 bits whose atoms changed. */
  readonly leaves: Set<Entry>;
  isDirty: boolean;
}

const EDGE = 32;
const LEAF = 128;

/** What is known of each IPv6 address: the content of a trie whose longest prefix tells everything. */
export class Space6 {
  readonly #memberships: Memberships;
  /** Prefixes shorter than 32 bits. */
  readonly #upper: Bucket = emptyBucket();
  readonly #buckets = new Map<number, Bucket>();
  /** Entries of which the datapath does not know yet, and those that it still has. */
  readonly #changed = new Set<Entry>();
  readonly #gone = new Map<string, Entry>();
  /** First words of buckets to be looked at. */
  readonly #dirty = new Set<number>();
  readonly #lengths = new Lengths();
  readonly #single = new Map<number, readonly number[]>();
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
    this.#add(v6Key(address, length), atom);
  }

  remove(address: Uint8Array, length: number, atom: number): void {
    this.#remove(v6Key(address, length), atom);
  }

  /** From the prefixes of one list to those of another. */
  replace(from: PrefixList, to: PrefixList, atom: number): void {
    const keyAt = ({ v6, v6Lengths }: PrefixList, i: number) =>
      i < v6Lengths.length ? v6Key(v6, v6Lengths[i] as number, i) : undefined;
    let [i, j] = [0, 0];
    let [a, b] = [keyAt(from, 0), keyAt(to, 0)];
    while (a !== undefined || b !== undefined) {
      const [goes, comes] = [
        b === undefined || (a !== undefined && a < b),
        a === undefined || (b !== undefined && b < a),
      ];
      if (goes && a !== undefined) this.#remove(a, atom);
      if (comes && b !== undefined) this.#add(b, atom);
      if (!comes) a = keyAt(from, ++i);
      if (!goes) b = keyAt(to, ++j);
    }
    if (from.v6Lengths.length > 0 && to.v6Lengths.length === 0) this.#single.delete(atom);
  }

  #add(key: string, atom: number): void {
    const bucket = this.#bucketOf(key);
    const known = bucket.entries.get(key);
    if (known !== undefined) {
      this.#put(bucket, known, [...known.atoms, atom]);
      return;
    }
    const back = this.#gone.get(key);
    this.#gone.delete(key);
    const nothing = this.#memberships.nothing[6];
    const made: Entry = back ?? { key, atoms: [], inside: nothing, before: -1 };
    bucket.entries.set(key, made);
    bucket.sorted = undefined;
    this.#lengths.add(keyLength(key));
    this.#count++;
    this.#put(bucket, made, this.#alone(atom));
  }

  /** Lists of one atom, which very many prefixes have. */
  #alone(atom: number): readonly number[] {
    const known = this.#single.get(atom);
    if (known !== undefined) return known;
    const made = [atom];
    if (this.#single.size > 100_000) this.#single.clear();
    this.#single.set(atom, made);
    return made;
  }

  #remove(key: string, atom: number): void {
    const bucket = this.#bucketOf(key);
    const entry = bucket.entries.get(key);
    if (entry === undefined) return;
    const at = entry.atoms.indexOf(atom);
    const rest = entry.atoms.filter((_, i) => i !== at);
    this.#put(bucket, entry, rest);
    if (rest.length > 0) return;
    bucket.entries.delete(key);
    bucket.sorted = undefined;
    bucket.leaves.delete(entry);
    this.#count--;
    this.#lengths.remove(keyLength(key));
    this.#changed.delete(entry);
    this.#memberships.count(entry.inside, -1);
    entry.inside = this.#memberships.nothing[6];
    if (entry.before >= 0) this.#gone.set(key, entry);
  }

  /** Compute what is different. */
  rebuild(): void {
    const nothing = this.#memberships.nothing[6];
    const all = this.#upper.isDirty;
    if (all) this.#pass(this.#upper, nothing);
    for (const first of all ? [...this.#buckets.keys()] : this.#dirty) {
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
  }

  /** Prefixes that changed since `accept`, and those that are gone. */
  records(): { readonly set: readonly V6Prefix[]; readonly gone: readonly V6Prefix[] } {
    const set: V6Prefix[] = [];
    for (const { key, inside, before } of this.#changed) {
      const { identity } = inside;
      if (identity === before) continue;
      set.push({
        address: keyBytes(key),
        length: keyLength(key),
        identity,
        before: before < 0 ? this.#coverBefore(key) : before,
      });
    }
    const gone = Array.from(this.#gone.values(), ({ key, before }) => ({
      address: keyBytes(key),
      length: keyLength(key),
      identity: this.#cover(key),
      before,
    }));
    return { set, gone };
  }

  /** All prefixes, for an empty trie. */
  all(): readonly V6Prefix[] {
    const found: V6Prefix[] = [];
    for (const { entries } of [this.#upper, ...this.#buckets.values()])
      for (const { key, inside } of entries.values())
        found.push({ address: keyBytes(key), length: keyLength(key), identity: inside.identity, before: 0 });
    return found;
  }

  accept(): void {
    for (const entry of this.#changed) entry.before = entry.inside.identity;
    this.#changed.clear();
    this.#gone.clear();
    this.#lengths.accept();
  }

  #bucketOf(key: string): Bucket {
    if (keyLength(key) < EDGE) return this.#upper;
    const first = keyStart(key);
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
    if (keyLength(entry.key) === LEAF) bucket.leaves.add(entry);
    else bucket.isDirty = true;
  }

  /** Every prefix of a bucket anew. */
  #pass(bucket: Bucket, base: Membership): void {
    const sorted = bucket.sorted ?? [...bucket.entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    bucket.sorted = sorted;
    const outer: Entry[] = [];
    for (const entry of sorted) {
      while (outer.length > 0 && !isInside(entry.key, (outer.at(-1) as Entry).key)) outer.pop();
      this.#set(entry, outer.at(-1)?.inside ?? base);
      outer.push(entry);
    }
  }

  /** A single address alone. */
  #leaf(bucket: Bucket, leaf: Entry, first: number): void {
    this.#set(leaf, this.#longest(bucket, leaf.key, LEAF - 1)?.inside ?? this.#above(first));
  }

  #set(entry: Entry, around: Membership): void {
    let inside = around;
    for (const atom of entry.atoms) inside = this.#memberships.join(inside, atom);
    if (inside !== entry.inside) {
      this.#memberships.count(inside, 1);
      this.#memberships.count(entry.inside, -1);
      entry.inside = inside;
    }
    if (inside.identity !== entry.before) this.#changed.add(entry);
    else this.#changed.delete(entry);
  }

  #above(first: number): Membership {
    const key = String.fromCharCode(Math.floor(first / 65_536), first % 65_536, 0, 0, 0, 0, 0, 0, EDGE);
    return this.#longest(this.#upper, key, EDGE - 1)?.inside ?? this.#memberships.nothing[6];
  }

  /** The longest prefix of at most `length` bits around another one. */
  #longest({ entries }: Bucket, key: string, length: number): Entry | undefined {
    if (entries.size === 0) return undefined;
    for (let shorter = length; shorter > 0; shorter--) {
      const found = this.#lengths.hasAny(shorter) ? entries.get(shortened(key, shorter)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What a lookup gives for a prefix that is not there. */
  #cover(key: string): number {
    const length = keyLength(key);
    const bucket = length < EDGE ? undefined : this.#buckets.get(keyStart(key));
    const inner = bucket && this.#longest(bucket, key, length - 1);
    const found = inner ?? this.#longest(this.#upper, key, Math.min(length, EDGE) - 1);
    return found?.inside.identity ?? 0;
  }

  /** What a lookup gave before the changes that the datapath does not know yet. */
  #coverBefore(key: string): number {
    const bucket = this.#buckets.get(keyStart(key));
    for (let shorter = keyLength(key) - 1; shorter > 0; shorter--) {
      if (!this.#lengths.hadAny(shorter)) continue;
      const outer = shortened(key, shorter);
      const entry = this.#gone.get(outer) ?? (shorter < EDGE ? this.#upper : bucket)?.entries.get(outer);
      if (entry !== undefined && entry.before >= 0) return entry.before;
    }
    return 0;
  }
}

/** How many prefixes of each length there are, and of which there were some before. */
class Lengths {
  readonly #counts = new Uint32Array(LEAF + 1);
  #before = new Uint32Array(LEAF + 1);

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
