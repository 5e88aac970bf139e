// SPDX-License-Identifier: Apache-2.0
import type { PolicyOperation } from '../../model/policy.ts';
import type { Action, Diagnostic, Origin } from '../../plan/plan.ts';
import type { EngineParts } from '../parts.ts';
import type { Prepared } from '../planning.ts';
import { isPolicyClass } from './objects.ts';

/** The plan with what the host of network policy says about it. */
export async function withPolicyChecks(
  { policies }: Pick<EngineParts, 'policies'>,
  prepared: Prepared,
  peers: readonly string[],
): Promise<Prepared> {
  const operations = policyOperations(prepared.plan.actions);
  if (operations.length === 0) return prepared;
  const origins = new Map<string, Origin>(prepared.desired.map(({ id, origin }) => [id, origin]));
  const found = (await policies.check(operations, peers)).map((one): Diagnostic => {
    const origin = one.origin ?? (one.id === undefined ? undefined : origins.get(one.id));
    return origin === undefined ? one : { ...one, origin };
  });
  const { plan } = prepared;
  return { ...prepared, plan: { ...plan, diagnostics: [...plan.diagnostics, ...found] } };
}

/** What the steps ask of the host, in their order. */
export function policyOperations(actions: readonly Action[]): readonly PolicyOperation[] {
  const operations: PolicyOperation[] = [];
  for (const { class: name, key, op, after } of actions)
    if (!isPolicyClass(name)) continue;
    else if (op === 'remove' || after === undefined) operations.push({ op: 'remove', class: name, key });
    else operations.push({ op: 'set', class: name, key, spec: after });
  return operations;
}

/** True when the steps change network policy. */
export function changesPolicy(actions: readonly Action[]): boolean {
  return actions.some(({ class: name }) => isPolicyClass(name));
}
