// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../../base/wire.ts';
import { wireOf } from '../../base/wire.ts';

/** How entries of a map with two slots are written. */
export interface SlottedLayout<K, V> {
  readonly keySize: number;
  readonly valueSize: number;
  /** What tells keys apart. */
  id(key: K): string | number;
  same(a: V, b: V): boolean;
  writeKey(wire: Wire, at: number, key: K): void;
  /** The values in slot 0 and slot 1. */
  writeValue(wire: Wire, at: number, slots: readonly [V, V]): void;
}

/** Entries as they are given to the kernel. */
export interface Entries {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
}

interface Entry<K, V> {
  readonly key: K;
  readonly value: V;
}

/**
 * What stands in a map whose entries have a slot for each parity of the epoch. A change writes the slot of the next epoch
 * and leaves that of the present one; what the change before wrote has an old slot still, which is brought up to date.
 */
export class Slotted<K, V> {
  readonly #layout: SlottedLayout<K, V>;
  /** What is in a map for a key that is in none: nothing needs to be written for it. */
  readonly #nothing: V;
  readonly #present = new Map<string | number, Entry<K, V>>();
  /** Keys whose slots differ. */
  #stale = new Map<string | number, Entry<K, V>>();

  constructor(layout: SlottedLayout<K, V>, nothing: V) {
    this.#layout = layout;
    this.#nothing = nothing;
  }

  get size(): number {
    return this.#present.size;
  }

  /** Both slots of everything that is given, for a map that is not in use. */
  fill(entries: Iterable<readonly [K, V]>): Entries {
    const written: (readonly [K, readonly [V, V]])[] = [];
    for (const [key, value] of entries) {
      this.#present.set(this.#layout.id(key), { key, value });
      written.push([key, [value, value]]);
    }
    this.#stale.clear();
    return this.#encode(written);
  }

  /**
   * What to write so that `changes` hold from `epoch` on. Values of `nothing` stay as entries until they are forgotten.
   */
  change(changes: Iterable<readonly [K, V]>, epoch: number): Entries {
    const written: (readonly [K, readonly [V, V]])[] = [];
    const stale = new Map<string | number, Entry<K, V>>();
    for (const [key, value] of changes) {
      const id = this.#layout.id(key);
      const before = this.#present.get(id)?.value ?? this.#nothing;
      if (this.#layout.same(before, value)) continue;
      written.push([key, (epoch & 1) === 0 ? [value, before] : [before, value]]);
      this.#present.set(id, { key, value });
      stale.set(id, { key, value });
    }
    for (const [id, { key, value }] of this.#stale)
      if (!stale.has(id) && this.#present.has(id)) written.push([key, [value, value]]);
    this.#stale = stale;
    return this.#encode(written);
  }

  /** Keys that hold nothing in both slots' sense and can be deleted now that nobody reads the old slot. */
  forget(keys: Iterable<K>): Entries {
    const { keySize, id, same, writeKey } = this.#layout;
    const gone = [...keys].filter((key) => {
      const known = this.#present.get(id(key));
      return known !== undefined && same(known.value, this.#nothing);
    });
    const bytes = new Uint8Array(gone.length * keySize);
    const wire = wireOf(bytes);
    gone.forEach((key, i) => {
      writeKey(wire, i * keySize, key);
      this.#present.delete(id(key));
      this.#stale.delete(id(key));
    });
    return { keys: bytes, values: new Uint8Array(0), count: gone.length };
  }

  has(key: K): boolean {
    return this.#present.has(this.#layout.id(key));
  }

  /** Everything that is present. */
  *entries(): Generator<readonly [K, V]> {
    for (const { key, value } of this.#present.values()) yield [key, value];
  }

  #encode(written: readonly (readonly [K, readonly [V, V]])[]): Entries {
    const { keySize, valueSize, writeKey, writeValue } = this.#layout;
    const keys = new Uint8Array(written.length * keySize);
    const values = new Uint8Array(written.length * valueSize);
    const [keyWire, valueWire] = [wireOf(keys), wireOf(values)];
    written.forEach(([key, slots], i) => {
      writeKey(keyWire, i * keySize, key);
      writeValue(valueWire, i * valueSize, slots);
    });
    return { keys, values, count: written.length };
  }
}
