// SPDX-License-Identifier: Apache-2.0

export type MetricType = 'counter' | 'gauge' | 'untyped' | 'histogram';

/** One metric family as it is declared, documented and budgeted. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labels: readonly string[];
  /** Most series that one scrape may carry (default 50,000); the rest is folded away and counted. */
  readonly budget?: number;
}

/** What a classic histogram shows. */
export interface Histogram {
  /** Upper bounds, rising, without the infinite one. */
  readonly bounds: readonly number[];
  /** Observations in each bucket by itself, not cumulated; one more than bounds, the last for what is above all. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Series that one family may carry in one scrape unless it says otherwise. */
export const DEFAULT_BUDGET = 50_000;

/** Collects samples of many families at once; each family's lines end up together. */
export interface Exposition {
  /** The writer of `family`; the same one for every call of a scrape. Families are told apart by their name. */
  family(family: Family): FamilyWriter;
  /**
   * Await this between chunks of at most about a millisecond of work: it lets the event loop run when the scrape has
   * held it for long enough. Throws when the scrape is out of time.
   */
  breathe(): Promise<void>;
}

/** Appends samples to one family, straight to bytes. */
export interface FamilyWriter {
  /** `labels` as they stand between the braces, already escaped and with `netns` where it belongs (empty for none). */
  sample(labels: Uint8Array, value: number): void;
  /** Like `sample`, of a u64 in two halves, without a bigint. */
  sampleU64(labels: Uint8Array, lo: number, hi: number): void;
  /**
   * One histogram: `_bucket` for each bound and `+Inf`, `_sum` and `_count`. All of it is written or, when the budget is
   * spent, nothing.
   */
  histogram(labels: Uint8Array, histogram: Histogram): void;
  /** For small families: label values in the family's order, escaped here; the namespace is put first. */
  add(labelValues: readonly string[], value: number): void;
}
