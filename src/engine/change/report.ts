// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic } from '../../plan/plan.ts';
import type { PlanCounts } from '../../plan/report.ts';

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
  readonly counts: PlanCounts;
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

const NO_COUNTS: PlanCounts = { create: 0, change: 0, replace: 0, remove: 0, adopt: 0 };

/** A report of which nothing more is known. */
export function reportOf(status: ChangeReport['status'], revision: number, error?: string): ChangeReport {
  const about = { status, revision, counts: NO_COUNTS, diagnostics: [], probes: [], seconds: 0 };
  return error === undefined ? about : { ...about, error };
}
