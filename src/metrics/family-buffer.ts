// SPDX-License-Identifier: Apache-2.0
import { bytesOf } from '../base/bytes.ts';
import { DEFAULT_BUDGET, type Family, type FamilyWriter, type Histogram } from './exposition.ts';
import { escapeHelp, labelBytes, NO_LABELS } from './labels.ts';
import { MAX_NUMBER_LENGTH, writeNumber, writeU64 } from './number-text.ts';

const FIRST_SIZE = 256;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const COMMA = 0x2c;
const BUCKET = bytesOf('_bucket');
const SUM = bytesOf('_sum');
const COUNT = bytesOf('_count');
const NO_SUFFIX = new Uint8Array(0);
const INFINITE = bytesOf('le="+Inf"');

/** The lines of one family in one growing byte buffer that is used again from scrape to scrape. */
export class FamilyBuffer implements FamilyWriter {
  readonly name: string;
  /** Samples that did not fit the budget, since the start. */
  dropped = 0;
  /** Samples in this scrape. */
  series = 0;
  private readonly family: Family;
  private readonly budget: number;
  private readonly comments: Uint8Array;
  private readonly nameBytes: Uint8Array;
  private bytes: Uint8Array = new Uint8Array(FIRST_SIZE);
  private end = 0;

  /**
   * @param name The name that is exposed; it differs from the family's in other namespaces.
   * @param budget Most series, the family's own by default.
   */
  constructor(family: Family, name: string, budget = family.budget ?? DEFAULT_BUDGET) {
    this.family = family;
    this.name = name;
    this.budget = budget;
    this.nameBytes = bytesOf(name);
    this.comments = bytesOf(`# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n`);
  }

  /** Bytes that `copyTo` writes: none without samples. */
  get size(): number {
    return this.series === 0 ? 0 : this.comments.length + this.end;
  }

  /** Forget the samples. A buffer that has become far too large is given back. */
  reset(): void {
    if (this.bytes.length > FIRST_SIZE && this.end < this.bytes.length / 4)
      this.bytes = new Uint8Array(Math.max(FIRST_SIZE, this.end * 2));
    this.end = 0;
    this.series = 0;
  }

  sample(labels: Uint8Array, value: number): void {
    if (!this.begin(labels)) return;
    this.finish(writeNumber(this.bytes, this.end, value));
  }

  sampleU64(labels: Uint8Array, lo: number, hi: number): void {
    if (!this.begin(labels)) return;
    this.finish(writeU64(this.bytes, this.end, lo, hi));
  }

  histogram(labels: Uint8Array, { bounds, counts, sum }: Histogram): void {
    const lines = bounds.length + 3;
    if (this.series + lines > this.budget) {
      this.dropped += lines;
      return;
    }
    this.series += lines;
    let total = 0;
    for (const [i, le] of boundLabels(bounds).entries()) {
      total += counts[i] as number;
      this.line(BUCKET, labels, le, total);
    }
    this.line(SUM, labels, NO_LABELS, sum);
    this.line(COUNT, labels, NO_LABELS, total);
  }

  add(labelValues: readonly string[], value: number): void {
    this.addIn('', labelValues, value);
  }

  /** `add` for a namespace that is not the agent's own. */
  addIn(netns: string, labelValues: readonly string[], value: number): void {
    if (this.series === this.budget) this.dropped++;
    else this.sample(labelBytes(netns, this.family.labels, labelValues), value);
  }

  /** Append head and samples to `out`, as many as there were when `size` was this; returns the position behind them. */
  copyTo(out: Uint8Array, at: number, size = this.size): number {
    if (size === 0) return at;
    out.set(this.comments, at);
    out.set(this.bytes.subarray(0, size - this.comments.length), at + this.comments.length);
    return at + size;
  }

  private begin(labels: Uint8Array): boolean {
    if (this.series === this.budget) {
      this.dropped++;
      return false;
    }
    this.series++;
    this.head(NO_SUFFIX, labels, NO_LABELS);
    return true;
  }

  private line(suffix: Uint8Array, labels: Uint8Array, more: Uint8Array, value: number): void {
    this.head(suffix, labels, more);
    this.finish(writeNumber(this.bytes, this.end, value));
  }

  /** Write `name_suffix{labels,more} ` and leave room for the number. */
  private head(suffix: Uint8Array, labels: Uint8Array, more: Uint8Array): void {
    const nameBytes = this.nameBytes;
    const length = nameBytes.length + suffix.length + labels.length + more.length;
    if (this.end + length + MAX_NUMBER_LENGTH + 5 > this.bytes.length)
      this.grow(this.end + length + MAX_NUMBER_LENGTH + 5);
    const bytes = this.bytes;
    let at = copyShort(bytes, this.end, nameBytes);
    at = copyShort(bytes, at, suffix);
    if (labels.length + more.length > 0) {
      bytes[at] = OPEN;
      at = copyShort(bytes, at + 1, labels);
      if (labels.length > 0 && more.length > 0) bytes[at++] = COMMA;
      at = copyShort(bytes, at, more);
      bytes[at++] = CLOSE;
    }
    bytes[at] = SPACE;
    this.end = at + 1;
  }

  private finish(at: number): void {
    this.bytes[at] = NEWLINE;
    this.end = at + 1;
  }

  private grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.end));
    this.bytes = larger;
  }
}

/** For some tens of bytes a plain loop is faster than the call of TypedArray.prototype.set. */
function copyShort(out: Uint8Array, at: number, from: Uint8Array): number {
  const { length } = from;
  for (let i = 0; i < length; i++) out[at + i] = from[i] as number;
  return at + length;
}

const labelsOfBounds = new WeakMap<readonly number[], readonly Uint8Array[]>();

/** `le="0.001"` for each bound and the infinite one; made once for each array of bounds. */
function boundLabels(bounds: readonly number[]): readonly Uint8Array[] {
  let labels = labelsOfBounds.get(bounds);
  if (labels === undefined) {
    labels = [...bounds.map((bound) => bytesOf(`le="${bound}"`)), INFINITE];
    labelsOfBounds.set(bounds, labels);
  }
  return labels;
}
