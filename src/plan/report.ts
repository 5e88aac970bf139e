// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import type { ClassName, Spec } from '../model/object.ts';
import type { Action, Diagnostic, Plan } from './plan.ts';
import { isSettings } from './settings.ts';

/** How many steps of each sort a plan has; a replacement counts once, and what is put back does not. */
export interface PlanCounts {
  readonly create: number;
  readonly change: number;
  readonly replace: number;
  readonly remove: number;
  readonly adopt: number;
}

/** A plan as data for other programs: the shape of PlanReport without the revision. */
export interface PlanData {
  readonly counts: PlanCounts;
  readonly actions: readonly Action[];
  readonly diagnostics: readonly Diagnostic[];
  readonly adopted: readonly string[];
}

/** Counts of a plan's steps. */
export function countsOf(plan: Pick<Plan, 'actions' | 'adopted'>): PlanCounts {
  const counts = { create: 0, change: 0, replace: 0, remove: 0, adopt: plan.adopted.length };
  for (const { op, replaces, restores } of plan.actions)
    if (restores) continue;
    else if (replaces === undefined) counts[op]++;
    else if (op === 'create') counts.replace++;
  return counts;
}

/** What is told about a plan, without secrets. */
export function planReport(plan: Plan): PlanData {
  const { diagnostics, adopted } = plan;
  return { counts: countsOf(plan), actions: plan.actions.map(withoutSecrets), diagnostics, adopted };
}

function withoutSecrets(action: Action): Action {
  if ((objectClass(action.class).secrets?.length ?? 0) === 0) return action;
  const { before, after } = action;
  return {
    ...action,
    ...(before && { before: masked(action.class, before) }),
    ...(after && { after: masked(action.class, after) }),
  };
}

/** What stands for a value that is not told. */
export const SECRET = '(secret)';

/** The settings with `(secret)` for each value that is not told, at any depth. */
export function masked(className: ClassName, spec: Spec): Spec {
  const secrets = objectClass(className).secrets ?? [];
  return secrets.length === 0 ? spec : (mask(spec, new Set(secrets)) as Spec);
}

function mask(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => mask(item, secrets));
  if (!isSettings(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, inner]) => [name, secrets.has(name) ? SECRET : mask(inner, secrets)]),
  );
}
