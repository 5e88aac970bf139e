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
  /** Tells it from all others. A reference to what a map was made from would keep one after the other in memory. */
  readonly #id = Symbol();
  readonly #parent: symbol | ReadonlyMap<string, V>;
  readonly #changed: readonly string[];
  readonly size: number;

  private constructor(
    base: ReadonlyMap<string, V>,
    patch: ReadonlyMap<string, V | undefined>,
    changed: readonly string[],
    parent: ReadonlyMap<string, V>,
    size: number,
  ) {
    this.#base = base;
    this.#patch = patch;
    this.#changed = changed;
    this.#parent = parent instanceof PatchedMap ? parent.#id : parent;
    this.size = size;
  }

  /** `from` with these entries in place of its own; undefined takes an entry out. */
  static of<V>(from: ReadonlyMap<string, V>, changes: ReadonlyMap<string, V | undefined>): PatchedMap<V> {
    const changed = [...changes.keys()];
    const isPatched = from instanceof PatchedMap;
    const patch = new Map<string, V | undefined>(isPatched ? from.#patch : []);
    let { size } = from;
    for (const [key, value] of changes) {
      size += (value === undefined ? 0 : 1) - (from.has(key) ? 1 : 0);
      patch.set(key, value);
    }
    const base: ReadonlyMap<string, V> = isPatched ? from.#base : from;
    if (patch.size <= MOST_CHANGES) return new PatchedMap(base, patch, changed, from, size);
    const whole = new Map(base);
    for (const [key, value] of patch)
      if (value === undefined) whole.delete(key);
      else whole.set(key, value);
    return new PatchedMap(whole, new Map(), changed, from, size);
  }

  /** Keys whose entries may differ from `before`; undefined when only a comparison tells. */
  changedSince(before: ReadonlyMap<string, V>): readonly string[] | undefined {
    const isParent = this.#parent === (before instanceof PatchedMap ? before.#id : before);
    return isParent ? this.#changed : undefined;
  }

  get(key: string): V | undefined {
    return this.#patch.has(key) ? this.#patch.get(key) : this.#base.get(key);
  }

  has(key: string): boolean {
    return this.#patch.has(key) ? this.#patch.get(key) !== undefined : this.#base.has(key);
  }

  entries(): MapIterator<[string, V]> {
    return this.#patch.size === 0 ? this.#base.entries() : this.#patched();
  }

  keys(): MapIterator<string> {
    return this.#patch.size === 0 ? this.#base.keys() : this.#part(0);
  }

  values(): MapIterator<V> {
    return this.#patch.size === 0 ? this.#base.values() : this.#part(1);
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  *#part<P extends 0 | 1>(part: P): MapIterator<[string, V][P]> {
    for (const entry of this.#patched()) yield entry[part];
  }

  *#patched(): MapIterator<[string, V]> {
    for (const entry of this.#base) if (!this.#patch.has(entry[0])) yield entry;
    for (const [key, value] of this.#patch) if (value !== undefined) yield [key, value];
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
}
