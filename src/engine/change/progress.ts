// SPDX-License-Identifier: Apache-2.0
import type { ChangeProgress } from '../../model/change.ts';
import type { EngineParts } from '../parts.ts';
import type { Holder, Phase } from './lock.ts';

/** Milliseconds between two reports: of what is quick, the beginning and the end are told. */
const INTERVAL_MS = 100;

/** How far the phase is. */
export interface Steps {
  readonly phase: Phase;
  readonly done: number;
  readonly total: number;
}

/** Tells followers where a change has got to, and keeps it for who asks. */
export class Progress {
  readonly #parts: Pick<EngineParts, 'clock' | 'publish'>;
  readonly #holder: Holder;
  readonly #revision: number;
  #state: ChangeProgress['state'] = 'applying';
  #steps: Steps | undefined;
  #told = Number.NEGATIVE_INFINITY;

  constructor(parts: Pick<EngineParts, 'clock' | 'publish'>, holder: Holder, revision: number) {
    this.#parts = parts;
    this.#holder = holder;
    this.#revision = revision;
  }

  get steps(): Steps | undefined {
    return this.#steps;
  }

  /** A phase begins. It is told with the next report. */
  phase(phase: Phase, total = 0, state: ChangeProgress['state'] = 'applying'): void {
    this.#holder.phase = phase;
    if (state !== this.#state) this.#told = Number.NEGATIVE_INFINITY;
    this.#state = state;
    this.step(0, total);
  }

  /** So many steps of the phase are done. */
  step(done: number, total: number): void {
    const { phase } = this.#holder;
    this.#steps = { phase, done, total };
    const now = this.#parts.clock.monotonic();
    if (now - this.#told < INTERVAL_MS) return;
    this.#told = now;
    this.#publish({ phase, done, total });
  }

  /** The change ended, or waits for its confirmation. */
  end(state: ChangeProgress['state'], error?: string): void {
    this.#state = state;
    this.#steps = undefined;
    this.#publish(error === undefined ? {} : { error });
  }

  #publish(more: Partial<ChangeProgress>): void {
    const { clock, publish } = this.#parts;
    const about = { revision: this.#revision, state: this.#state, who: this.#holder.who };
    publish({ kind: 'change', netns: '', time: clock.now(), ...about, ...more });
  }
}
