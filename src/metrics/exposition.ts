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

/** Collects samples of many families at once; each family's lines end up together. */
export interface Exposition {
  /** The writer of `family`; the same one for every call of a scrape. */
  family(family: Family): FamilyWriter;
}

/** Appends samples to one family, straight to bytes. */
export interface FamilyWriter {
  /** `labels` as they stand between the braces, already escaped (empty for none). */
  sample(labels: Uint8Array, value: number): void;
  /** A u64 in two halves, without a bigint. */
  sampleU64(labels: Uint8Array, lo: number, hi: number): void;
  /** Convenience for small families: label values in the family's order, escaped here. */
  add(labelValues: readonly string[], value: number): void;
}
