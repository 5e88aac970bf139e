// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../../base/wire.ts';
import type { BpfMap, MapEntries } from '../../kernel/ports.ts';
import type { Histogram } from '../../metrics/exposition.ts';

/** Rows of a map by the inode of the namespace that they are of. */
export type ByNamespace<T> = ReadonlyMap<number, readonly T[]>;

/** How the keys and values of a map are read: the functions that are generated from BTF. */
export interface EntryDecoder<K, V> {
  key(wire: Wire, at: number): K;
  value(wire: Wire, at: number): V;
}

/** Everything in `map` as rows; `row` gets the values of all CPUs, or the one that a map has for all of them. */
export function rowsByNamespace<K extends { readonly netns: number }, V, R>(
  map: BpfMap,
  decode: EntryDecoder<K, V>,
  row: (key: K, values: readonly V[]) => R,
): ByNamespace<R> {
  const entries = map.entries();
  const rows = new Map<number, R[]>();
  for (let i = 0; i < entries.count; i++) {
    const key = decode.key(entries.keys, i * entries.keySize);
    const made = row(key, valuesOf(entries, i, decode.value));
    const others = rows.get(key.netns);
    if (others === undefined) rows.set(key.netns, [made]);
    else others.push(made);
  }
  return rows;
}

/** Values of entry `i` on all CPUs. */
export function valuesOf<V>(
  entries: MapEntries,
  i: number,
  decode: (wire: Wire, at: number) => V,
): readonly V[] {
  const { cpus, stride, values } = entries;
  return Array.from({ length: cpus }, (_, cpu) => decode(values, (i * cpus + cpu) * stride));
}

/** Sum of a counter over CPUs. */
export function sum<V>(values: readonly V[], counter: (value: V) => bigint): number {
  let total = 0n;
  for (const value of values) total += counter(value);
  return Number(total);
}

/** Sums of a list of counters over CPUs, place by place. */
export function sums<V>(values: readonly V[], counters: (value: V) => readonly bigint[]): readonly number[] {
  const lists = values.map(counters);
  return (lists[0] ?? []).map((_, i) => sum(lists, (list) => list[i] ?? 0n));
}

/**
 * A histogram whose buckets are powers of two (ebpf/include/histogram.h), the last one open.
 *
 * @param first Upper bound of the first bucket, in the kernel's unit.
 * @param per Units of the kernel's in one that is shown: 1e9 for nanoseconds that are shown as seconds.
 */
export function powersOfTwo(
  { counts, total }: { readonly counts: readonly number[]; readonly total: number },
  first: number,
  per = 1,
): Histogram {
  const bounds = counts.slice(1).map((_, i) => (first * 2 ** i) / per);
  return { bounds, counts, sum: total / per };
}

/** `struct histogram` of all CPUs. @param first @param per As for `powersOfTwo`. */
export function histogramOf<V>(
  values: readonly V[],
  histogram: (value: V) => { readonly buckets: readonly bigint[]; readonly sum: bigint },
  first: number,
  per: number,
): Histogram {
  const counts = sums(values, (value) => histogram(value).buckets);
  return powersOfTwo({ counts, total: sum(values, (value) => histogram(value).sum) }, first, per);
}
