// SPDX-License-Identifier: Apache-2.0
import { V4_LINE_RECORDS, V4_LINE_WORDS, type V4Root, type V4Segment } from '../compiled.ts';
import { type PrefixList, v4Length, v4Network } from '../prefixes.ts';
import type { Membership, Memberships } from './membership.ts';
import type { Places } from './numbers.ts';
import { nodeAt, packV4, sameNode, type V4Lines } from './v4-lines.ts';

const BLOCKS = 65_536;
const SIZE = 65_536;
const ATOMS = 2 ** 24;

/** 65,536 addresses with the same upper 16 bits. */
interface Block {
  /** Prefixes longer than 16 bits, sorted: `(low * 32 + length - 1) * ATOMS + atom`. */
  entries: Float64Array;
  added: number[];
  removed: number[];
  low: Uint16Array;
  identity: Uint32Array;
  lines: V4Lines;
  /** Of the records of its lines. */
  first: number;
}

const NO_ENTRIES = new Float64Array(0);
const ZERO = Uint16Array.of(0);
const UNKNOWN = Uint32Array.of(0);
const NO_LINES: V4Lines = { node: sameNode(0), words: new Uint16Array(0) };

/** What is known of each IPv4 address. Blocks are computed anew as a whole. */
export class Space4 {
  readonly #memberships: Memberships;
  readonly #places: Places;
  readonly #blocks: (Block | undefined)[] = new Array<Block | undefined>(BLOCKS);
  /** Atoms of prefixes of 1 to 16 bits: `block * 32 + length`. */
  readonly #upper = new Map<number, number[]>();
  readonly #lengths = new Uint32Array(17);
  readonly #dirty = new Set<number>();
  /** Blocks of which the datapath does not know yet. */
  readonly #changed = new Set<number>();

  constructor(memberships: Memberships, places: Places) {
    this.#memberships = memberships;
    this.#places = places;
  }

  /** @param length From 1. */
  add(network: number, length: number, atom: number): void {
    if (length > 16) this.#inner(network).added.push(entryOf(network, length, atom));
    else this.#addUpper(network, length, atom);
  }

  remove(network: number, length: number, atom: number): void {
    if (length > 16) this.#inner(network).removed.push(entryOf(network, length, atom));
    else this.#removeUpper(network, length, atom);
  }

  /** From the prefixes of one list to those of another. */
  replace(from: PrefixList['v4'], to: PrefixList['v4'], atom: number): void {
    let [i, j] = [0, 0];
    while (i < from.length || j < to.length) {
      const [a = Number.POSITIVE_INFINITY, b = Number.POSITIVE_INFINITY] = [from[i], to[j]];
      if (a === b) {
        i++;
        j++;
      } else if (a < b) {
        this.remove(v4Network(a), v4Length(a), atom);
        i++;
      } else {
        this.add(v4Network(b), v4Length(b), atom);
        j++;
      }
    }
  }

  /** Compute what is different. */
  rebuild(): void {
    if (this.#dirty.size === 0) return;
    const work = new Scratch();
    for (const index of this.#dirty) {
      const block = this.#blocks[index] ?? emptyBlock();
      this.#blocks[index] = block;
      merge(block);
      this.#fill(block, this.#base(index), work);
      if (!work.differs(block)) continue;
      this.#store(block, work);
      this.#changed.add(index);
      if (block.entries.length === 0 && block.identity.length === 1 && block.identity[0] === 0)
        this.#blocks[index] = undefined;
    }
    this.#dirty.clear();
  }

  /** Records of blocks that changed since `accept`, or of all. */
  records(all: boolean): { readonly segments: readonly V4Segment[]; readonly roots: readonly V4Root[] } {
    const segments: V4Segment[] = [];
    const roots: V4Root[] = [];
    for (const block of all ? this.#blocks.keys() : this.#changed) {
      const one = this.#blocks[block];
      if (one === undefined) {
        if (!all) roots.push({ block, node: NO_LINES.node });
        continue;
      }
      const { first, identity, lines } = one;
      roots.push({ block, node: nodeAt(lines.node, first / V4_LINE_RECORDS) });
      if (lines.words.length > 0) segments.push({ first, words: lines.words, most: mostOf(identity) });
    }
    return { segments, roots };
  }

  accept(): void {
    this.#changed.clear();
  }

  #inner(network: number): Block {
    const index = Math.floor(network / SIZE);
    this.#dirty.add(index);
    const known = this.#blocks[index];
    if (known !== undefined) return known;
    const made = emptyBlock();
    this.#blocks[index] = made;
    return made;
  }

  #addUpper(network: number, length: number, atom: number): void {
    const key = Math.floor(network / SIZE) * 32 + length;
    const known = this.#upper.get(key);
    if (known === undefined) this.#upper.set(key, [atom]);
    else known.push(atom);
    this.#lengths[length] = (this.#lengths[length] as number) + 1;
    this.#touch(network, length);
  }

  #removeUpper(network: number, length: number, atom: number): void {
    const key = Math.floor(network / SIZE) * 32 + length;
    const known = this.#upper.get(key) ?? [];
    const rest = known.filter((one) => one !== atom);
    if (rest.length === 0) this.#upper.delete(key);
    else this.#upper.set(key, rest);
    this.#lengths[length] = (this.#lengths[length] as number) - 1;
    this.#touch(network, length);
  }

  #touch(network: number, length: number): void {
    const first = Math.floor(network / SIZE);
    for (let i = 0; i < 2 ** (16 - length); i++) this.#dirty.add(first + i);
  }

  #base(block: number): Membership {
    let found = this.#memberships.nothing[4];
    for (let length = 1; length <= 16; length++) {
      if (this.#lengths[length] === 0) continue;
      const atoms = this.#upper.get(((block >> (16 - length)) << (16 - length)) * 32 + length);
      if (atoms !== undefined) for (const atom of atoms) found = this.#memberships.join(found, atom);
    }
    return found;
  }

  /** Runs of addresses of which the same is known: prefixes lie one inside the other or apart. */
  #fill({ entries }: Block, base: Membership, work: Scratch): void {
    work.begin(base);
    const ends: number[] = [];
    const outer: Membership[] = [];
    let inside = base;
    for (const entry of entries) {
      const prefix = Math.floor(entry / ATOMS);
      const low = Math.floor(prefix / 32);
      while (ends.length > 0 && (ends.at(-1) as number) <= low) {
        inside = outer.pop() as Membership;
        work.put(ends.pop() as number, inside);
      }
      ends.push(low + 2 ** (31 - (prefix % 32)));
      outer.push(inside);
      inside = this.#memberships.join(inside, entry % ATOMS);
      work.put(low, inside);
    }
    while (ends.length > 0) work.put(ends.pop() as number, outer.pop() as Membership);
  }

  #store(block: Block, work: Scratch): void {
    const { count } = work;
    const low = count === 1 ? ZERO : work.lows.slice(0, count);
    const identity = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const one = work.found[i] as Membership;
      identity[i] = one.identity;
      this.#memberships.count(one, 1);
    }
    for (const one of block.identity) this.#memberships.count(this.#memberships.of(one, 4), -1);
    const lines = packV4({ low, identity });
    const [before, after] = [recordsOf(block.lines), recordsOf(lines)];
    if (before > 0) this.#places.release(block.first, before);
    Object.assign(block, { low, identity, lines, first: after > 0 ? this.#places.take(after) : 0 });
  }
}

/** The runs of one block while it is computed. */
class Scratch {
  readonly lows = new Uint16Array(SIZE);
  readonly found: Membership[] = [];
  count = 0;

  begin(base: Membership): void {
    this.found[0] = base;
    this.count = 1;
  }

  /** From `low` on it is `one`. */
  put(low: number, one: Membership): void {
    if (low >= SIZE) return;
    if (this.lows[this.count - 1] === low && this.count > 0) this.count--;
    if (this.count > 0 && this.found[this.count - 1] === one) return;
    this.lows[this.count] = low;
    this.found[this.count++] = one;
  }

  differs({ low, identity }: Block): boolean {
    if (this.count !== identity.length) return true;
    for (let i = 0; i < this.count; i++)
      if (this.lows[i] !== low[i] || this.found[i]?.identity !== identity[i]) return true;
    return false;
  }
}

function emptyBlock(): Block {
  return {
    entries: NO_ENTRIES,
    added: [],
    removed: [],
    low: ZERO,
    identity: UNKNOWN,
    lines: NO_LINES,
    first: 0,
  };
}

function recordsOf({ words }: V4Lines): number {
  return (words.length / V4_LINE_WORDS) * V4_LINE_RECORDS;
}

function mostOf(identity: Uint32Array): number {
  return identity.reduce((most, one) => Math.max(most, one), 0);
}

function entryOf(network: number, length: number, atom: number): number {
  return ((network % SIZE) * 32 + length - 1) * ATOMS + atom;
}

/** Takes what was added and removed into the entries. */
function merge(block: Block): void {
  const { entries, added, removed } = block;
  if (added.length === 0 && removed.length === 0) return;
  // what came and went, in whatever order, is there as often as it came more
  const counts = new Map<number, number>();
  if (removed.length > 0) {
    for (const entry of added) counts.set(entry, (counts.get(entry) ?? 0) + 1);
    for (const entry of removed) counts.set(entry, (counts.get(entry) ?? 0) - 1);
  }
  const kept = removed.length === 0 ? entries : entries.filter((entry) => !isTaken(entry, counts));
  const more =
    removed.length === 0 ? added : [...counts].flatMap(([entry, count]) => (count > 0 ? [entry] : []));
  const merged = new Float64Array(kept.length + more.length);
  merged.set(kept);
  merged.set(more, kept.length);
  if (!isSorted(merged)) merged.sort();
  block.entries = merged;
  block.added = [];
  block.removed = [];
}

/** Takes one that came less often than it went. */
function isTaken(entry: number, counts: Map<number, number>): boolean {
  const count = counts.get(entry) ?? 0;
  if (count >= 0) return false;
  counts.set(entry, count + 1);
  return true;
}

function isSorted(entries: Float64Array): boolean {
  for (let i = 1; i < entries.length; i++)
    if ((entries[i - 1] as number) > (entries[i] as number)) return false;
  return true;
}
