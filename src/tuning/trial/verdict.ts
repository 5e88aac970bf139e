// SPDX-License-Identifier: Apache-2.0
import type { ChosenMetric } from './metrics.ts';
import { mean, median, rankTest } from './statistics.ts';

/** One metric in two windows. */
export interface Comparison {
  readonly metric: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly before: Summary;
  readonly after: Summary;
  /** Of the means: 0.1 is a tenth more. Absent where nothing was there before. */
  readonly change?: number;
  /** Share of pairs of samples in which the later one is larger. */
  readonly superiority: number;
  /** Probability of so large a difference by chance, in the direction that was seen. */
  readonly p: number;
  readonly outcome: 'better' | 'worse' | 'same';
}

export interface Summary {
  readonly samples: number;
  readonly mean: number;
  readonly median: number;
}

/** Whether to keep a change, and why. */
export interface Verdict {
  readonly keep: boolean;
  readonly reason: string;
}

/** Below it a change counts as seen. Guards are stricter about what they call worse, as there are several of them. */
const P_HELPS = 0.05;
const P_HURTS = 0.01;
/** A difference of the means that matters. */
const HELPS_BY = 0.05;
const HURTS_BY = 0.1;
/** Windows whose loads differ by more than this factor cannot be compared. */
const LOAD_FACTOR = 2;

/** Compare the samples of one metric. @param guard With the limits of a guard instead of those of the metric of the trial. */
export function compare(
  { name, metric }: ChosenMetric,
  before: readonly number[],
  after: readonly number[],
  guard: boolean,
): Comparison {
  const { superiority, pLarger, pSmaller } = rankTest(before, after);
  const [from, to] = [mean(before), mean(after)];
  const rises = to > from;
  const p = rises ? pLarger : pSmaller;
  const difference = Math.abs(to - from);
  const matters = difference >= Math.max(metric.floor, from * (guard ? HURTS_BY : HELPS_BY));
  const seen = matters && p < (guard ? P_HURTS : P_HELPS);
  const good = rises === (metric.better === 'higher');
  return {
    metric: name,
    unit: metric.unit,
    better: metric.better,
    before: { samples: before.length, mean: from, median: median(before) },
    after: { samples: after.length, mean: to, median: median(after) },
    ...(from > 0 && { change: (to - from) / from }),
    superiority,
    p,
    outcome: seen ? (good ? 'better' : 'worse') : 'same',
  };
}

/** Keep what helped and hurt nothing. @param load Of a metric that depends on the load: packets per second in both windows. */
export function verdictOf(
  result: Comparison,
  guards: readonly Comparison[],
  load: Comparison | undefined,
): Verdict {
  const hurt = guards.find(({ outcome }) => outcome === 'worse');
  const gone = (why: string): Verdict => ({ keep: false, reason: why });
  if (result.outcome === 'worse') return gone(`${result.metric} got worse: ${told(result)}`);
  if (hurt !== undefined) return gone(`${hurt.metric} got worse: ${told(hurt)}`);
  if (result.outcome === 'same') return gone(`${result.metric} did not get better: ${told(result)}`);
  if (load !== undefined && differs(load))
    return gone(`the load was not the same, so that the windows cannot be compared: ${told(load)}`);
  return { keep: true, reason: `${result.metric} got better: ${told(result)}` };
}

function differs({ before, after }: Comparison): boolean {
  const [less = 0, more = 0] = [before.mean, after.mean].sort((a, b) => a - b);
  return more > less * LOAD_FACTOR + 10;
}

function told({ before, after, unit, p, change }: Comparison): string {
  const share = change === undefined ? '' : `${change >= 0 ? '+' : ''}${(change * 100).toFixed(1)} %, `;
  return `mean ${short(before.mean)} -> ${short(after.mean)} ${unit} (${share}p = ${p.toPrecision(2)})`;
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
