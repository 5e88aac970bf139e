// SPDX-License-Identifier: Apache-2.0
import type { PolicyOperation } from '../../model/policy.ts';
import type { Action, Diagnostic, Origin } from '../../plan/plan.ts';
import type { EngineParts } from '../parts.ts';
import type { Prepared } from '../planning.ts';
import { isPolicyClass } from './objects.ts';

type Parts = Pick<EngineParts, 'policies'>;

/** What forbids the steps of a plan that change network policy. */
export function policyErrors(parts: Parts, prepared: Prepared): Promise<readonly Diagnostic[]> {
  return placed(prepared, (operations) => parts.policies.errors(operations));
}

/** What a person should know of them. It may be told after they are carried out: nothing is held up by it. */
export function policyWarnings(
  parts: Parts,
  prepared: Prepared,
  peers: readonly string[],
): Promise<readonly Diagnostic[]> {
  return placed(prepared, (operations) => parts.policies.warnings(operations, peers));
}

/** With the places of the documents that they are about. */
async function placed(
  { plan, desired }: Prepared,
  look: (operations: readonly PolicyOperation[]) => Promise<readonly Diagnostic[]>,
): Promise<readonly Diagnostic[]> {
  const operations = policyOperations(plan.actions);
  if (operations.length === 0) return [];
  const found = await look(operations);
  if (found.length === 0) return [];
  const origins = new Map<string, Origin>(desired.map(({ id, origin }) => [id, origin]));
  return found.map((one): Diagnostic => {
    const origin = one.origin ?? (one.id === undefined ? undefined : origins.get(one.id));
    return origin === undefined ? one : { ...one, origin };
  });
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
