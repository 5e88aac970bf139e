// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic, Plan } from '../../plan/plan.ts';
import type { Counts } from '../journal/records.ts';

/** What a probe said; null where it was not run. */
export interface ProbeResult {
  readonly probe: string;
  readonly before: boolean | null;
  readonly after: boolean | null;
  readonly detail?: string;
}

/** What became of a change. */
export interface ChangeReport {
  /** `unchanged`: there was nothing to do. */
  readonly status: 'unchanged' | 'unconfirmed' | 'confirmed' | 'rolled-back' | 'rollback-failed';
  readonly revision: number;
  readonly counts: Counts;
  readonly diagnostics: Diagnostic[];
  readonly probes: ProbeResult[];
  /** ISO 8601 */
  readonly deadline?: string;
  /** What failed; absent where all went as it was asked for. */
  readonly error?: string;
  /** What could not be undone. */
  readonly leftovers?: string[];
  readonly seconds: number;
}

export const NO_COUNTS: Counts = { create: 0, change: 0, replace: 0, remove: 0, adopt: 0 };

/** The steps of a plan by what they do; both halves of a replacement are one. What is only put back is not counted. */
export function countsOf({ actions, adopted }: Plan): Counts {
  const counts = { ...NO_COUNTS, adopt: adopted.length };
  for (const { op, replaces, restores } of actions)
    if (restores === true) continue;
    else if (replaces === undefined) counts[op]++;
    else if (op === 'create') counts.replace++;
  return counts;
}
