// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../base/errors.ts';
import type { ObjectId } from '../../model/object.ts';
import type { Engine } from '../engine.ts';

/** Times that an object is brought back before somebody is taken to want it otherwise. */
const TRIES = 5;
/** Milliseconds after which earlier times do not count any more. */
const MEMORY_MS = 600_000;

interface Fight {
  readonly times: number;
  readonly last: number;
}

/** Brings back what others changed, and gives up on what is changed again and again. */
export class Restorer {
  readonly #engine: Engine;
  readonly #fights = new Map<ObjectId, Fight>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Bring these objects back as their documents say. Never rejects. @returns false when it is worth another try. */
  async restore(ids: readonly ObjectId[]): Promise<boolean> {
    const worthwhile = ids.filter((id) => this.#times(id) < TRIES);
    if (worthwhile.length === 0) return true;
    try {
      const { error } = await this.#engine.restoreObjects(new Set(worthwhile));
      if (error === undefined) {
        for (const id of worthwhile) this.#count(id);
        return true;
      }
      this.#engine.parts.warn(`restoring what others changed: ${error}`);
    } catch (error) {
      this.#engine.parts.warn(`restoring what others changed: ${messageOf(error)}`);
    }
    return false;
  }

  /** How often it was brought back lately. */
  #times(id: ObjectId): number {
    const fight = this.#fights.get(id);
    if (fight === undefined || this.#engine.parts.clock.monotonic() - fight.last > MEMORY_MS) return 0;
    return fight.times;
  }

  #count(id: ObjectId): void {
    const times = this.#times(id) + 1;
    this.#fights.set(id, { times, last: this.#engine.parts.clock.monotonic() });
    if (times === TRIES)
      this.#engine.parts.warn(
        `${id} is changed again and again by somebody else: from now on it is left as it is`,
      );
  }
}
