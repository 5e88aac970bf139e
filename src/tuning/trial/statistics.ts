// SPDX-License-Identifier: Apache-2.0
// The test by which two windows of samples are told apart.

/** What the test says of two sets of samples. */
export interface RankTest {
  /** Share of all pairs in which `after` is larger than `before`, ties as half: 0.5 when there is no difference. */
  readonly superiority: number;
  /** Probability of so large a difference by chance, of `after` being larger. */
  readonly pLarger: number;
  /** The same of `after` being smaller. */
  readonly pSmaller: number;
}

/**
 * Mann-Whitney U test, with ties, continuity correction and the normal approximation, for 8 samples or more on each side.
 * Samples of neighbouring seconds resemble each other, which makes differences look more certain than they are: the
 * standard deviation is widened by sqrt((1 + r) / (1 - r)), r being their correlation with the sample before.
 */
export function rankTest(before: readonly number[], after: readonly number[]): RankTest {
  const [n, m] = [before.length, after.length];
  const u = pairsLarger(before, after);
  const all = n * m;
  const variance = ((all * (n + m + 1)) / 12) * tieFactor([...before, ...after]) * inflation(before, after);
  if (all === 0 || variance === 0) return { superiority: all === 0 ? 0.5 : u / all, pLarger: 1, pSmaller: 1 };
  const deviation = Math.sqrt(variance);
  const z = (distance: number) => (distance - 0.5) / deviation;
  return {
    superiority: u / all,
    pLarger: upperTail(z(u - all / 2)),
    pSmaller: upperTail(z(all / 2 - u)),
  };
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((total, one) => total + one, 0) / values.length;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  const high = sorted[middle] as number;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] as number)) / 2;
}

/** U: pairs in which the second is larger; a tie is half a pair. */
function pairsLarger(before: readonly number[], after: readonly number[]): number {
  let count = 0;
  for (const a of before) for (const b of after) count += b > a ? 1 : b === a ? 0.5 : 0;
  return count;
}

/** What ties take from the variance: 1 when there are none, 0 when all are equal. */
function tieFactor(values: readonly number[]): number {
  const total = values.length;
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const tied = [...counts.values()].reduce((sum, t) => sum + (t ** 3 - t), 0);
  return total < 2 ? 0 : 1 - tied / (total ** 3 - total);
}

const MOST_CORRELATION = 0.9;

function inflation(before: readonly number[], after: readonly number[]): number {
  const r = Math.min(MOST_CORRELATION, Math.max(0, mean([correlation(before), correlation(after)])));
  return (1 + r) / (1 - r);
}

/** Of each value with the one before it. */
function correlation(values: readonly number[]): number {
  const average = mean(values);
  const own = values.reduce((sum, one) => sum + (one - average) ** 2, 0);
  if (own === 0 || values.length < 3) return 0;
  const shifted = values.slice(1).map((one, i) => (one - average) * ((values[i] as number) - average));
  return shifted.reduce((sum, one) => sum + one, 0) / own;
}

/** P(Z > z) of the standard normal distribution (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + 0.231_641_9 * z);
  const poly =
    t *
    (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}
