// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../base/errors.ts';
import type { ObjectId } from '../../model/object.ts';
import type { Engine } from '../engine.ts';

/** Times that an object is brought back before somebody is taken to want it otherwise. */
const TRIES = 5;
/** Milliseconds after which earlier times do not count any more. */
const MEMORY_MS = 600_000;

interface Fight {
  times: number;
  last: number;
}

/** Brings back what others changed, and gives up on what is changed again and again. */
export class Restorer {
  readonly #engine: Engine;
  readonly #fights = new Map<ObjectId, Fight>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Bring these objects back as their documents say. Never rejects. */
  async restore(ids: readonly ObjectId[]): Promise<void> {
    const worthwhile = ids.filter((id) => this.#count(id) <= TRIES);
    if (worthwhile.length === 0) return;
    try {
      const { error } = await this.#engine.restoreObjects(new Set(worthwhile));
      if (error !== undefined) this.#engine.parts.warn(`restoring what others changed: ${error}`);
    } catch (error) {
      this.#engine.parts.warn(`restoring what others changed: ${messageOf(error)}`);
    }
  }

  #count(id: ObjectId): number {
    const now = this.#engine.parts.clock.monotonic();
    const fight = this.#fights.get(id);
    const times = fight === undefined || now - fight.last > MEMORY_MS ? 1 : fight.times + 1;
    this.#fights.set(id, { times, last: now });
    if (times === TRIES + 1)
      this.#engine.parts.warn(`${id} is changed again and again by somebody else: it is left as it is`);
    return times;
  }
}
