// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { V4_KIND, V4_LINE_WORDS } from '../compiled.ts';
import { packV4, type V4Runs } from './v4-lines.ts';

/** As the datapath finds it: in ebpf/policy/classify.h. */
function lookUp({ node, words }: ReturnType<typeof packV4>, address: number): number {
  let [at, size, low] = [node, 65_536, address];
  let line = 0;
  const kind = () => (at >>> 2) & 3;
  while (kind() === V4_KIND.split) {
    line += at >>> 8;
    size /= 16;
    const word = line * V4_LINE_WORDS + Math.floor(low / size) * 2;
    at = (words[word] as number) + (words[word + 1] as number) * 65_536;
    low %= size;
  }
  if (kind() === V4_KIND.same) return at >>> 8;
  line += at >>> 8;
  if (kind() === V4_KIND.prefixes) {
    const of = words.subarray(line * V4_LINE_WORDS);
    const last = of.subarray(0, 24).findLastIndex((start) => start <= low);
    const bits = ((of[24 + (last >> 2)] as number) >> ((last & 3) * 4)) & 15;
    const isIn = last >= 0 && (low - (of[last] as number)) >> bits === 0;
    return of[isIn ? 31 : 30] as number;
  }
  const [shift, palette] = [(at >>> 4) & 15, 2 << (at & 3)];
  const length = V4_LINE_WORDS;
  const bucket = words.subarray((line + (low >>> shift)) * length);
  const key = (low % 2 ** shift) * palette + palette - 1;
  const run = bucket.subarray(palette, length).findLast((one) => one <= key) as number;
  return bucket[run % palette] as number;
}

/** Runs that begin at these addresses, with these identities. */
function runsOf(begins: Iterable<readonly [number, number]>): V4Runs {
  const sorted = [...new Map([[0, 0], ...begins])].sort(([a], [b]) => a - b);
  const runs = sorted.filter(([, identity], i) => i === 0 || identity !== sorted[i - 1]?.[1]);
  return {
    low: Uint16Array.from(runs, ([low]) => low),
    identity: Uint32Array.from(runs, ([, identity]) => identity),
  };
}

function check(runs: V4Runs): ReturnType<typeof packV4> {
  const packed = packV4(runs);
  let run = 0;
  for (let low = 0; low < 65_536; low++) {
    if (runs.low[run + 1] === low) run++;
    const found = lookUp(packed, low);
    if (found !== runs.identity[run]) expect(`${low}: ${found}`).toBe(`${low}: ${runs.identity[run]}`);
  }
  return packed;
}

/** Numbers below 1, the same each time. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

const linesOf = ({ words }: ReturnType<typeof packV4>) => words.length / V4_LINE_WORDS;

describe('lines of a block of IPv4 addresses', () => {
  it('are none where all is one', () => {
    expect(packV4(runsOf([]))).toEqual({ node: 0, words: new Uint16Array(0) });
    expect(packV4(runsOf([[0, 7]]))).toEqual({ node: 7 * 256, words: new Uint16Array(0) });
  });

  it.each<[string, number, readonly [number, number][]]>([
    [
      'at the edges',
      1,
      [
        [1, 9],
        [2, 0],
        [65_535, 9],
      ],
    ],
    [
      'that are half of it',
      1,
      [
        [0, 9],
        [32_768, 4],
      ],
    ],
    [
      'all but one address',
      1,
      [
        [0, 9],
        [40_000, 0],
        [40_001, 9],
      ],
    ],
    [
      'the first half alone',
      1,
      [
        [0, 9],
        [32_767, 0],
      ],
    ],
    [
      'the last half alone',
      1,
      [
        [40_000, 9],
        [40_007, 0],
      ],
    ],
    [
      'of several identities',
      2,
      [
        [0, 9],
        [32_767, 3],
        [32_768, 9],
        [32_769, 4],
      ],
    ],
  ])('of a few prefixes, %s, are %i', (_, lines, begins) => {
    expect(linesOf(check(runsOf(begins)))).toBe(lines);
  });

  it('of prefixes are one up to 24 of them, wherever they are', () => {
    const single = (count: number, step: number) =>
      runsOf(
        Array.from({ length: count }, (_, i) => [[i * step, 1] as const, [i * step + 1, 0] as const]).flat(),
      );
    for (const step of [2, 1_000, 2_300]) {
      expect(linesOf(check(single(24, step)))).toBe(1);
      expect(linesOf(check(single(25, step)))).toBeGreaterThan(1);
    }
  });

  it('find every address in runs at random, few and many, of few identities and many', () => {
    const random = numbers(1);
    const below = (end: number) => Math.floor(random.next().value * end);
    for (let i = 0; i < 60; i++) {
      const [count, identities] = [2 ** below(16), 2 ** below(15) + 1];
      // all over the block, or in a corner of it
      const [corner, size] = [below(65_536), 2 ** (4 + below(13))];
      check(
        runsOf(
          Array.from({ length: count }, () => [Math.min(65_535, corner + below(size)), below(identities)]),
        ),
      );
    }
  });

  it('hold each address by itself', () => {
    check(runsOf(Array.from({ length: 65_536 }, (_, low) => [low, (low * 7) % 65_521])));
    const packed = check(runsOf(Array.from({ length: 65_536 }, (_, low) => [low, low % 2])));
    expect(linesOf(packed)).toBe(4096);
  });

  it('are split where all is in one corner, and so no more than a few', () => {
    const packed = check(runsOf(Array.from({ length: 256 }, (_, low) => [0x8f00 + low, low % 2])));
    expect((packed.node >>> 2) & 3).toBe(V4_KIND.split);
    expect(linesOf(packed)).toBeLessThanOrEqual(20);
  });

  it('are no more than twice a line for sixteen runs at random', () => {
    const random = numbers(3);
    let [lines, runs] = [0, 0];
    for (let i = 0; i < 200; i++) {
      const one = runsOf(
        Array.from({ length: 8 + i }, () => Math.floor(random.next().value * 65_000)).flatMap((low) => [
          [low, 1] as const,
          [low + 8, 0] as const,
        ]),
      );
      lines += linesOf(packV4(one));
      runs += one.low.length;
    }
    expect(lines).toBeLessThan((runs / 16) * 2);
  });
});
