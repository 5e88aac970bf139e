// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import { CLASS_NAMES, type NetObject, type ObjectId, type Spec } from '../model/object.ts';
import { lossesOf } from './consequences.ts';
import { Foundation } from './foundation.ts';
import type { Action, DesiredObject } from './plan.ts';
import { differing } from './settings.ts';
import { stepsOf } from './steps.ts';

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
  const ground = new Foundation(actions, observed, dropped);
  const back = new Map<ObjectId, Action>();
  /** What is declared is wanted even where the kernel may refuse it: it says why. */
  const holds = (object: NetObject, after: Spec) =>
    ground.carries(object, after) &&
    (origins.has(object.id) || !ground.outlivesQdisc(object, after)) &&
    (object.class !== 'route' || origins.has(object.id) || ground.leadsOn(object, after));
  const put = (object: NetObject, before: Spec | undefined): boolean => {
    const own = planned.get(object.id);
    const after = own?.after ?? object.spec;
    if (own?.op === 'remove' || !holds(object, after)) return false;
    ground.stands(object.id);
    const kind = objectClass(object.class);
    const fields = before === undefined ? [] : differing(kind, after, before, true);
    const origin = origins.get(object.id);
    for (const step of stepsOf({ object, after, fields, ...(origin && { origin }) }, before))
      back.set(step.id, {
        ...step,
        ...(own === undefined || before === undefined ? { restores: true } : {}),
      });
    return true;
  };
  const links = weakened.filter(({ object }) => object.class === 'link');
  const lost = inClassOrder(dropped);
  for (const object of lost) if (object.class === 'link') put(object, undefined);
  for (const { object, left } of links) if (!put(object, left)) ground.failed(object, left);
  // Classes and qdiscs stand on each other by turns: what had nothing to stand on may have it in the next round.
  let waiting = lost.filter((object) => object.class !== 'link');
  for (let before = Number.POSITIVE_INFINITY; waiting.length < before; ) {
    before = waiting.length;
    waiting = waiting.filter((object) => !put(object, undefined));
  }
  for (const { object, left } of weakened) if (object.class !== 'link') put(object, left);
  for (const object of inClassOrder(shaken)) {
    const { spec, ...name } = object;
    if (!planned.has(object.id) && holds(object, spec))
      back.set(object.id, { op: 'change', ...name, before: spec, after: spec, fields: [], restores: true });
  }
  return [...actions.filter(({ id }) => !back.has(id)), ...back.values()];
}

/** What others need first: a nexthop before its group, what is on the link before what lies behind it. */
function inClassOrder(objects: readonly NetObject[]): readonly NetObject[] {
  const rank = ({ class: name, spec }: NetObject) =>
    2 * CLASS_NAMES.indexOf(name) + ((spec['group'] ?? spec['gateway'] ?? spec['nexthops']) ? 1 : 0);
  return objects.toSorted((a, b) => rank(a) - rank(b));
}
