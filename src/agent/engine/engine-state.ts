// SPDX-License-Identifier: Apache-2.0
import type { DriftWatch } from '../../engine/drift/drift-watch.ts';
import type { Engine } from '../../engine/engine.ts';
import type { PolicyHost } from '../../engine/policy/host.ts';
import { DURATION_BOUNDS, type Durations } from '../../metrics/change.ts';
import type { ChangeProgress, DriftChange } from '../../model/change.ts';
import { runningFunctions } from '../program-metrics.ts';
import type { EngineState } from './messages.ts';

export const NO_DURATIONS: Durations = { sum: 0, count: 0, within: DURATION_BOUNDS.map(() => 0) };

/** Counts what the engine does, for the metrics. */
export class EngineTally {
  readonly #applies: Record<string, number> = {};
  readonly #rollbacks: Record<string, number> = {};
  #durations = NO_DURATIONS;
  #began: number | undefined;

  /** An event of the engine. */
  note(event: ChangeProgress | DriftChange): void {
    if (event.kind !== 'change') return;
    const { state, time, error } = event;
    if (state === 'applying' || state === 'rolling-back') {
      this.#began ??= time;
      return;
    }
    if (this.#began !== undefined)
      this.#durations = withDuration(this.#durations, (time - this.#began) / 1000);
    this.#began = undefined;
    this.#applies[state] = (this.#applies[state] ?? 0) + 1;
    if (state === 'rolled-back' || state === 'rollback-failed') {
      const reason = reasonOf(error ?? '');
      this.#rollbacks[reason] = (this.#rollbacks[reason] ?? 0) + 1;
    }
  }

  /** The engine as the main thread keeps it. */
  state(engine: Engine, drift: DriftWatch, host: PolicyHost): EngineState {
    const { revision, state, problem } = engine.status();
    const owned = Object.fromEntries(engine.ownedCounts);
    const drifted = { report: 0, restore: 0 };
    for (const { policy } of drift.items()) drifted[policy]++;
    const tallies = { applies: this.#applies, durations: this.#durations, rollbacks: this.#rollbacks };
    const numbers = { revision, state, owned, drift: drifted, ...tallies };
    const programs = runningFunctions(engine.parts.programs.installed());
    const policy = host.world !== undefined;
    return { numbers, programs, policy, ...(problem !== undefined && { problem }) };
  }
}

function withDuration({ sum, count, within }: Durations, seconds: number): Durations {
  const counts = within.map((so, i) => so + (seconds <= (DURATION_BOUNDS[i] as number) ? 1 : 0));
  return { sum: sum + seconds, count: count + 1, within: counts };
}

/** A few fixed words, since every reason is a series. */
function reasonOf(error: string): 'timeout' | 'request' | 'verify' | 'probe' | 'restart' | 'failure' {
  if (error.startsWith('nobody confirmed')) return 'timeout';
  if (error.startsWith('rolled back by')) return 'request';
  if (error.startsWith('the kernel did not keep')) return 'verify';
  if (error.startsWith('the node cannot be reached')) return 'probe';
  return error.startsWith('the agent ended') ? 'restart' : 'failure';
}
