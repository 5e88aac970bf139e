// SPDX-License-Identifier: Apache-2.0

/** Changes that are kept beside a map before a new one is made. */
const MOST_CHANGES = 512;

/**
 * A map that is never changed: a change gives another one, which shares all else with it and knows what it was made from.
 * So one of ten thousand entries changes at the price of one.
 */
export class PatchedMap<V> implements ReadonlyMap<string, V> {
  readonly #base: ReadonlyMap<string, V>;
  /** Entries that are not as in the base; undefined for those that are gone. */
  readonly #patch: ReadonlyMap<string, V | undefined>;
  readonly #parent: WeakRef<ReadonlyMap<string, V>> | undefined;
  readonly #changed: readonly string[];
  readonly size: number;

  private constructor(
    base: ReadonlyMap<string, V>,
    patch: ReadonlyMap<string, V | undefined>,
    changed: readonly string[],
    parent: ReadonlyMap<string, V> | undefined,
  ) {
    this.#base = base;
    this.#patch = patch;
    this.#changed = changed;
    this.#parent = parent && new WeakRef(parent);
    let size = base.size;
    for (const [key, value] of patch) size += (value === undefined ? 0 : 1) - (base.has(key) ? 1 : 0);
    this.size = size;
  }

  /** `from` with these entries in place of its own; undefined takes an entry out. */
  static of<V>(from: ReadonlyMap<string, V>, changes: ReadonlyMap<string, V | undefined>): PatchedMap<V> {
    const changed = [...changes.keys()];
    const isPatched = from instanceof PatchedMap;
    const patch = new Map<string, V | undefined>(isPatched ? from.#patch : []);
    for (const [key, value] of changes) patch.set(key, value);
    const base: ReadonlyMap<string, V> = isPatched ? from.#base : from;
    if (patch.size <= MOST_CHANGES) return new PatchedMap(base, patch, changed, from);
    const whole = new Map(base);
    for (const [key, value] of patch)
      if (value === undefined) whole.delete(key);
      else whole.set(key, value);
    return new PatchedMap(whole, new Map(), changed, from);
  }

  /** Keys whose entries may differ from `before`; undefined when only a comparison tells. */
  changedSince(before: ReadonlyMap<string, V>): readonly string[] | undefined {
    return this.#parent?.deref() === before ? this.#changed : undefined;
  }

  get(key: string): V | undefined {
    return this.#patch.has(key) ? this.#patch.get(key) : this.#base.get(key);
  }

  has(key: string): boolean {
    return this.#patch.has(key) ? this.#patch.get(key) !== undefined : this.#base.has(key);
  }

  *entries(): MapIterator<[string, V]> {
    for (const entry of this.#base) if (!this.#patch.has(entry[0])) yield entry;
    for (const [key, value] of this.#patch) if (value !== undefined) yield [key, value];
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
}
