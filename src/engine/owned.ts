// SPDX-License-Identifier: Apache-2.0
import type { ObjectId, OwnedObject } from '../model/object.ts';
import type { OwnedDelta } from './journal/records.ts';

/** What the current revision owns, and how many there are of each class. */
export class OwnedObjects {
  readonly #objects: Map<ObjectId, OwnedObject>;
  readonly #counts = new Map<string, number>();

  constructor(objects: Map<ObjectId, OwnedObject>) {
    this.#objects = objects;
    for (const object of objects.values()) this.#count(object, 1);
  }

  get all(): ReadonlyMap<ObjectId, OwnedObject> {
    return this.#objects;
  }

  /** By class. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** What will be owned once `delta` holds. */
  with(delta: OwnedDelta): ReadonlyMap<ObjectId, OwnedObject> {
    const next = new Map(this.#objects);
    for (const [id, object] of delta)
      if (object === null) next.delete(id);
      else next.set(id, object);
    return next;
  }

  /** How many will be. */
  sizeWith(delta: OwnedDelta): number {
    let { size } = this.#objects;
    for (const [id, object] of delta) size += (object === null ? 0 : 1) - (this.#objects.has(id) ? 1 : 0);
    return size;
  }

  /** `delta` holds. */
  apply(delta: OwnedDelta): void {
    for (const [id, object] of delta) {
      const before = this.#objects.get(id);
      if (before !== undefined) this.#count(before, -1);
      if (object === null) this.#objects.delete(id);
      else {
        this.#objects.set(id, object);
        this.#count(object, 1);
      }
    }
  }

  #count({ class: name }: OwnedObject, by: number): void {
    const count = (this.#counts.get(name) ?? 0) + by;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}
