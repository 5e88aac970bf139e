// SPDX-License-Identifier: Apache-2.0
import type { PlanReport } from '../../api/schemas/change.ts';
import type { AgentClient, Query } from '../client.ts';
import type { Context } from '../context.ts';
import { sshPeer } from './options.ts';

/** How the plan shall come: as text for a table, else as data. */
export function viewOf({ output, colour }: Context, full = false): Query {
  if (output !== 'table') return {};
  return { view: colour ? 'color' : 'text', ...(full && { full: 'true' }) };
}

/** Documents with what the plan needs to know of the operator. */
export function withPeer<T extends object>({ deps }: Context, request: T): T & { peer?: string } {
  const peer = sshPeer(deps);
  return peer === undefined ? request : { ...request, peer };
}

/** Ask for a plan, and show it. */
export async function showPlan(context: Context, ask: () => Promise<PlanReport>): Promise<PlanReport> {
  const plan = await ask();
  await context.document(plan, () => plan.text ?? '');
  return plan;
}

/** POST /v1/plan. */
export function askPlan(
  context: Context,
  agent: AgentClient,
  request: object,
  full?: boolean,
): Promise<PlanReport> {
  return agent.post<PlanReport>('/v1/plan', request, { query: viewOf(context, full) });
}

/** True when carrying it out would change the node; taking objects over does not. */
export function hasChanges({ counts }: PlanReport): boolean {
  const { adopt: _, ...changes } = counts;
  return Object.values(changes).some((count) => count > 0);
}

/** True when it cannot be carried out. */
export function hasErrors({ diagnostics }: PlanReport): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}
