// SPDX-License-Identifier: Apache-2.0
import type { Action, Diagnostic, PlanInput } from '../plan.ts';
import { missing } from './missing.ts';
import { unsupported } from './unsupported.ts';

/** One look at a plan for something that a person should know. */
export type Check = (input: PlanInput, actions: readonly Action[]) => Iterable<Diagnostic>;

const CHECKS: readonly Check[] = [unsupported, missing];

/** All that is to be said about the plan, errors first. */
export function diagnose(input: PlanInput, actions: readonly Action[]): readonly Diagnostic[] {
  const found = CHECKS.flatMap((check) => [...check(input, actions)]);
  const rank = ({ severity }: Diagnostic) => ['error', 'warning', 'note'].indexOf(severity);
  return found.sort((a, b) => rank(a) - rank(b));
}
