// SPDX-License-Identifier: Apache-2.0
// A block of IPv4 addresses as the lines in which the datapath looks an address up (struct policy_v4 in
// ebpf/policy/policy.h). A block with prefixes of one identity becomes a line of these, if they are few enough: large sets
// of prefixes are as small as that. Most others become buckets of equal ranges of addresses. Either way a look-up reads
// one line. Where buckets would waste much, since all is in one corner, the block is split into sixteen, each with buckets
// of its own.
import { V4_KIND, V4_LINE_WORDS } from '../compiled.ts';

/** Runs of addresses of one identity, in a block of 65,536: a run begins at `low`, the first one at 0. */
export interface V4Runs {
  readonly low: Uint16Array;
  readonly identity: Uint32Array;
}

/** Lines of a block; `node` finds an address in them if they stand at line 0. */
export interface V4Lines {
  readonly node: number;
  /** Whole lines; none if the block is of one identity. */
  readonly words: Uint16Array;
}

const BLOCK_BITS = 16;
/** A split is by so many of the next bits of the address. */
const PART_BITS = 4;
const MOST_PALETTE_BITS = 4;
/** Prefixes in a line; behind them stand their sizes, and the two identities. */
const MOST_PREFIXES = 24;
const [SIZES_AT, OUTSIDE_AT, INSIDE_AT] = [24, 30, 31];
/** A split costs a memory access more: it must save so much. */
const SPLIT_GAIN = 2;

const NO_WORDS = new Uint16Array(0);

/** Addresses from `start` on, `bits` of them, and the runs that they are in. */
interface Range {
  readonly start: number;
  readonly bits: number;
  /** First run, which may begin before the range, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

type Plan =
  | { readonly kind: 'same'; readonly lines: 0 }
  | Prefixes
  | Buckets
  | { readonly kind: 'split'; readonly lines: number; readonly parts: readonly (readonly [Range, Plan])[] };

/** Prefixes of one identity in a block that has another one elsewhere. */
interface Prefixes {
  readonly kind: 'prefixes';
  readonly lines: 1;
  readonly outside: number;
  readonly inside: number;
  /** First address, and the logarithm of how many there are. */
  readonly prefixes: readonly (readonly [number, number])[];
}

/** Each is a line. */
interface Buckets {
  readonly kind: 'buckets';
  readonly lines: number;
  readonly shift: number;
  readonly paletteBits: number;
}

/** A node for a range in which all addresses have one identity. */
export function sameNode(identity: number): number {
  return nodeOf(identity, 0, V4_KIND.same, 1);
}

/** @param node For lines at line 0. @returns the node for lines from `line` on. */
export function nodeAt(node: number, line: number): number {
  return node + line * 256;
}

/** Runs as lines. */
export function packV4(runs: V4Runs): V4Lines {
  const range = { start: 0, bits: BLOCK_BITS, from: 0, to: runs.low.length };
  const plan = planFor(runs, range);
  if (plan.kind === 'same') return { node: sameNode(runs.identity[0] as number), words: NO_WORDS };
  const words = new Uint16Array(plan.lines * V4_LINE_WORDS);
  return { node: write(runs, range, plan, words, 0), words };
}

function nodeOf(first: number, shift: number, kind: number, paletteBits: number): number {
  return first * 256 + shift * 16 + kind * 4 + paletteBits - 1;
}

function planFor(runs: V4Runs, range: Range): Plan {
  if (range.to - range.from === 1) return { kind: 'same', lines: 0 };
  if (range.bits === BLOCK_BITS) {
    const found = prefixesIn(runs);
    if (found !== undefined) return found;
  }
  const flat = bucketsFor(runs, range);
  if (flat !== undefined && (flat.lines <= SPLIT_GAIN || range.bits === PART_BITS)) return flat;
  const parts = [...rangesOf(runs, range, range.bits - PART_BITS)].map(
    (part) => [part, planFor(runs, part)] as const,
  );
  const lines = parts.reduce((sum, [, plan]) => sum + plan.lines, 1);
  return flat !== undefined && flat.lines <= lines * SPLIT_GAIN ? flat : { kind: 'split', lines, parts };
}

/** The runs of a block as prefixes of one of its two identities; undefined if they are too many, or there are more identities. */
function prefixesIn({ low, identity }: V4Runs): Prefixes | undefined {
  if (low.length > 2 * MOST_PREFIXES + 1) return undefined;
  const [first = 0, second = 0] = identity;
  if (identity.some((one) => one !== first && one !== second)) return undefined;
  for (const [outside, inside] of [
    [first, second],
    [second, first],
  ] as const) {
    const prefixes: [number, number][] = [];
    for (let i = 0; i < low.length; i++)
      if (identity[i] === inside)
        cover(low[i] as number, low[i + 1] ?? 2 ** BLOCK_BITS, (start, bits) => prefixes.push([start, bits]));
    if (prefixes.length <= MOST_PREFIXES) return { kind: 'prefixes', lines: 1, outside, inside, prefixes };
  }
  return undefined;
}

/** Says the least prefixes that are the addresses from `start` until `end`, which are not a whole block. */
function cover(start: number, end: number, say: (start: number, bits: number) => void): void {
  while (start < end) {
    let bits = BLOCK_BITS - 1;
    while (start % 2 ** bits !== 0 || start + 2 ** bits > end) bits--;
    say(start, bits);
    start += 2 ** bits;
  }
}

/** The least buckets that the runs of a range fit into; undefined if that is more than a line for each run. */
function bucketsFor(runs: V4Runs, range: Range): Buckets | undefined {
  const { bits, from, to } = range;
  if (bits < BLOCK_BITS) {
    const one = fitted(runs, range, bits);
    if (one !== undefined) return one;
  }
  for (let shift = bits - 1; shift >= PART_BITS && 2 ** (bits - shift) <= to - from; shift--) {
    const found = fitted(runs, range, shift);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Buckets of `2 ** shift` addresses, if each has room for its runs. */
function fitted(runs: V4Runs, range: Range, shift: number): Buckets | undefined {
  let [most, paletteBits] = [0, 1];
  for (const { from, to } of rangesOf(runs, range, shift)) {
    most = Math.max(most, to - from);
    if (most > V4_LINE_WORDS - 2 ** paletteBits) return undefined;
    const palette = paletteOf(runs.identity, from, to).length;
    while (palette > 2 ** paletteBits) paletteBits++;
    if (
      paletteBits > MOST_PALETTE_BITS ||
      shift + paletteBits > 16 ||
      most > V4_LINE_WORDS - 2 ** paletteBits
    )
      return undefined;
  }
  return { kind: 'buckets', lines: 2 ** (range.bits - shift), shift, paletteBits };
}

/** The parts of a range, of `2 ** bits` addresses each, and their runs. */
function* rangesOf({ low }: V4Runs, range: Range, bits: number): Generator<Range> {
  const end = range.start + 2 ** range.bits;
  let { from } = range;
  for (let start = range.start; start < end; start += 2 ** bits) {
    let to = from + 1;
    while (to < range.to && (low[to] as number) < start + 2 ** bits) to++;
    yield { start, bits, from, to };
    from = to < range.to && low[to] === start + 2 ** bits ? to : to - 1;
  }
}

/** The identities of some runs, each once; one more than a palette may have at most. */
function paletteOf(identity: Uint32Array, from: number, to: number): readonly number[] {
  const found: number[] = [];
  for (let i = from; i < to && found.length <= 2 ** MOST_PALETTE_BITS; i++)
    if (!found.includes(identity[i] as number)) found.push(identity[i] as number);
  return found;
}

/** Writes a range's lines from `line` on. @returns the node that finds them, seen from line `seen`. */
function write(runs: V4Runs, range: Range, plan: Plan, words: Uint16Array, line: number, seen = 0): number {
  if (plan.kind === 'same') return sameNode(runs.identity[range.from] as number);
  if (plan.kind === 'split') {
    let next = line + 1;
    plan.parts.forEach(([part, inner], i) => {
      const node = write(runs, part, inner, words, next, line);
      words[line * V4_LINE_WORDS + i * 2] = node & 0xffff;
      words[line * V4_LINE_WORDS + i * 2 + 1] = node >>> 16;
      next += inner.lines;
    });
    return nodeOf(line - seen, 0, V4_KIND.split, 1);
  }
  const at = line * V4_LINE_WORDS;
  if (plan.kind === 'prefixes') {
    writePrefixes(plan, words.subarray(at, at + V4_LINE_WORDS));
    return nodeOf(line - seen, 0, V4_KIND.prefixes, 1);
  }
  const { shift, paletteBits } = plan;
  let bucket = at;
  for (const part of rangesOf(runs, range, shift)) {
    writeBucket(runs, part, paletteBits, words.subarray(bucket, bucket + V4_LINE_WORDS));
    bucket += V4_LINE_WORDS;
  }
  return nodeOf(line - seen, shift, V4_KIND.lines, paletteBits);
}

function writePrefixes({ outside, inside, prefixes }: Prefixes, line: Uint16Array): void {
  for (let i = 0; i < MOST_PREFIXES; i++) {
    const [start, bits] = prefixes[Math.min(i, prefixes.length - 1)] as readonly [number, number];
    line[i] = start;
    const at = SIZES_AT + Math.floor(i / 4);
    line[at] = (line[at] as number) | (bits << ((i % 4) * 4));
  }
  line[OUTSIDE_AT] = outside;
  line[INSIDE_AT] = inside;
}

/** Identities, and behind them the runs: where one begins, and in the lower bits which identity it has. */
function writeBucket({ low, identity }: V4Runs, part: Range, paletteBits: number, bucket: Uint16Array): void {
  const { start, from, to } = part;
  const palette = paletteOf(identity, from, to);
  bucket.set(palette);
  let run = 0;
  for (let i = from; i < to; i++) {
    const begin = Math.max(0, (low[i] as number) - start);
    run = (begin << paletteBits) | palette.indexOf(identity[i] as number);
    bucket[2 ** paletteBits + i - from] = run;
  }
  // a search that ends here has found the last run
  bucket.fill(run, 2 ** paletteBits + to - from);
}
