// SPDX-License-Identifier: Apache-2.0
import { isWeirError } from '../base/errors.ts';
import { objectClass } from '../kinds/classes.ts';
import type { ClassName, NetObject, ObjectId, StateReader } from '../model/object.ts';
import type { Disturbed } from '../plan/disturbed.ts';

/** Where an object is, or would be. */
interface Place {
  readonly netns: string;
  readonly class: ClassName;
  readonly key: string;
}

interface ReadOptions {
  /** Also what stands on these, by namespace. */
  readonly disturbed?: ReadonlyMap<string, Disturbed>;
  /** Namespaces that must be there; of another one that is gone, nothing is there. */
  readonly required?: ReadonlySet<string>;
}

/** Objects to read, by namespace. */
export class Wanted {
  readonly #keys = new Map<string, Map<ClassName, Set<string>>>();

  add({ netns, class: name, key }: Place): void {
    let keys = this.#keys.get(netns);
    if (keys === undefined) {
      keys = new Map();
      this.#keys.set(netns, keys);
    }
    const ofClass = keys.get(name);
    if (ofClass === undefined) keys.set(name, new Set([key]));
    else ofClass.add(key);
  }

  /** Also what the object needs to be there. */
  addWithNeeds(object: NetObject): void {
    this.add(object);
    for (const ref of objectClass(object.class).needs(object.spec)) this.add({ netns: object.netns, ...ref });
  }

  /** Read them all. @throws {WeirError} `NOT_FOUND` for a required namespace that does not exist. */
  async read(
    reader: StateReader,
    { disturbed, required }: ReadOptions = {},
  ): Promise<ReadonlyMap<ObjectId, NetObject>> {
    const observed = new Map<ObjectId, NetObject>();
    for (const [netns, keys] of this.#keys) {
      try {
        const found = await reader.read({ netns, keys, ...disturbed?.get(netns) });
        if (this.#keys.size === 1) return found;
        for (const [id, object] of found) observed.set(id, object);
      } catch (error) {
        if (!isWeirError(error, 'NOT_FOUND') || required?.has(netns) === true) throw error;
      }
    }
    return observed;
  }
}
