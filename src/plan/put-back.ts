// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import { CLASS_NAMES, type NetObject, type ObjectId, type Spec } from '../model/object.ts';
import { lossesOf } from './consequences.ts';
import type { Action, DesiredObject } from './plan.ts';
import { differing } from './settings.ts';
import { needsOf, stepsOf } from './steps.ts';

/** With steps that put back what the kernel takes on the way, as far as what it stands on is there in the end. */
export function withRestored(
  actions: readonly Action[],
  observed: ReadonlyMap<ObjectId, NetObject>,
  desired: readonly DesiredObject[] = [],
): readonly Action[] {
  const { dropped, weakened, shaken } = lossesOf(actions, observed);
  if (dropped.length + weakened.length + shaken.length === 0) return actions;
  const planned = new Map(actions.map((action) => [action.id, action]));
  const origins = new Map(desired.map(({ id, origin }) => [id, origin]));
  const absent = new Set([...dropped, ...actions].flatMap(({ id }) => (isGone(planned.get(id)) ? [id] : [])));
  const back = new Map<ObjectId, Action>();
  const put = (object: NetObject, before: Spec | undefined) => {
    const own = planned.get(object.id);
    const after = own?.after ?? object.spec;
    if (own?.op === 'remove' || !stands(object, after, absent, planned)) return;
    absent.delete(object.id);
    const kind = objectClass(object.class);
    const fields = before === undefined ? [] : differing(kind, after, before, true);
    const origin = origins.get(object.id);
    for (const step of stepsOf({ object, after, fields, ...(origin && { origin }) }, before))
      back.set(step.id, {
        ...step,
        ...(own === undefined || before === undefined ? { restores: true } : {}),
      });
  };
  for (const object of inClassOrder(dropped)) put(object, undefined);
  for (const { object, left } of weakened) put(object, left);
  for (const { spec, ...object } of shaken)
    if (!planned.has(object.id))
      back.set(object.id, { op: 'change', ...object, before: spec, after: spec, fields: [], restores: true });
  return [...actions.filter(({ id }) => !back.has(id)), ...back.values()];
}

/** True when an object that is removed or dropped does not come back by a step of the plan. */
function isGone(planned: Action | undefined): boolean {
  return planned === undefined || planned.op === 'remove';
}

/** True when all that the object needs is there in the end, and its device up. */
function stands(
  { netns, class: name }: NetObject,
  after: Spec,
  absent: ReadonlySet<ObjectId>,
  planned: ReadonlyMap<ObjectId, Action>,
): boolean {
  return needsOf(netns, objectClass(name), after).every((need) => {
    const step = planned.get(need);
    const down = name !== 'link' && step?.op === 'change' && step.after?.['state'] === 'down';
    return !absent.has(need) && !down;
  });
}

/** What others need first. */
function inClassOrder(objects: readonly NetObject[]): readonly NetObject[] {
  const rank = (object: NetObject) => CLASS_NAMES.indexOf(object.class);
  return objects.toSorted((a, b) => rank(a) - rank(b));
}
