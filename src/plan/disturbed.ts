// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import type { ClassName, NetObject, ObjectId, OwnedObject, ReadRequest } from '../model/object.ts';
import { setsDown } from './consequences.ts';
import { makePlan } from './make-plan.ts';
import type { Action, DesiredObject, PlanInput } from './plan.ts';

/** What a first look at the node has to read: what is declared, what it needs, and what Weir owns. */
export function readRequests(
  desired: readonly DesiredObject[],
  owned: Iterable<OwnedObject>,
): readonly ReadRequest[] {
  const byNetns = new Map<string, Map<ClassName, Set<string>>>();
  const add = (netns: string, name: ClassName, key: string) => {
    const keys = byNetns.get(netns) ?? new Map<ClassName, Set<string>>();
    const known = keys.get(name);
    if (known === undefined) byNetns.set(netns, keys.set(name, new Set([key])));
    else known.add(key);
  };
  for (const object of desired) {
    add(object.netns, object.class, object.key);
    for (const ref of objectClass(object.class).needs(object.spec)) add(object.netns, ref.class, ref.key);
  }
  for (const object of owned) add(object.netns, object.class, object.key);
  return [...byNetns].map(([netns, keys]) => ({ netns, keys }));
}

/**
 * Devices, by namespace, that a plan would remove, replace or set down: what stands on them has to be read before the
 * plan is made in earnest.
 */
export function disturbedLinks(
  input: Pick<PlanInput, 'desired' | 'owned' | 'observed'>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const links = new Map<string, Set<string>>();
  const only = (objects: Iterable<[ObjectId, OwnedObject]>) =>
    new Map([...objects].filter(([, object]) => object.class === 'link'));
  const { actions } = makePlan({
    desired: input.desired.filter((object) => object.class === 'link'),
    owned: only(input.owned),
    observed: input.observed as ReadonlyMap<ObjectId, NetObject>,
    unsupported: new Set(),
    callers: [],
  });
  for (const action of actions)
    if (disturbs(action)) {
      const known = links.get(action.netns);
      if (known === undefined) links.set(action.netns, new Set([action.key]));
      else known.add(action.key);
    }
  return links;
}

function disturbs(action: Action): boolean {
  return action.class === 'link' && (action.op === 'remove' || setsDown(action));
}
