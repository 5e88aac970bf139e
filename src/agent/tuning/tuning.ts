// SPDX-License-Identifier: Apache-2.0
import type { TuningService } from '../../api/tuning-service.ts';
import { type AdviceParts, createAdviceService } from './advice.ts';
import { createProfileService } from './profiles.ts';
import type { TrialStore } from './trial-store.ts';
import { Trials } from './trials.ts';

/** Profiles, advice and trials of the node that the agent runs on. */
export class Tuning {
  readonly #parts: AdviceParts;
  readonly #trials: Trials;

  constructor(parts: AdviceParts, store: TrialStore) {
    this.#parts = parts;
    this.#trials = new Trials(parts, store);
  }

  /** The use cases. */
  service(): TuningService {
    return {
      ...createProfileService(this.#parts.change),
      ...createAdviceService(this.#parts),
      ...this.#trials.service(),
    };
  }

  /** End what runs. */
  close(): Promise<void> {
    return this.#trials.close();
  }
}
