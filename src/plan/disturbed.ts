// SPDX-License-Identifier: Apache-2.0
import type { ClassName, NetObject, ObjectId, OwnedObject, ReadRequest } from '../model/object.ts';
import { peerOf } from './effects.ts';
import { eventsOf } from './events.ts';
import { makePlan } from './make-plan.ts';
import type { Action, PlanInput } from './plan.ts';

/** What else has to be read, of one namespace, before a plan is made in earnest. */
export type Disturbed = Pick<ReadRequest, 'onLinks' | 'fromLinks' | 'byNexthops'>;

/** Classes whose steps take along objects that they do not name. */
const TAKES_ALONG: ReadonlySet<ClassName> = new Set([
  'link',
  'address',
  'nexthop',
  'sysctl',
  'qdisc',
  'class',
]);

/** What a plan would take along, by namespace: what stands on the devices, addresses and nexthops that it disturbs. */
export function disturbedBy(
  input: Pick<PlanInput, 'desired' | 'owned' | 'observed'>,
): ReadonlyMap<string, Disturbed> {
  const owned = new Map<ObjectId, OwnedObject>();
  for (const object of input.owned.values()) if (TAKES_ALONG.has(object.class)) owned.set(object.id, object);
  const { actions } = makePlan({
    desired: input.desired.filter((object) => TAKES_ALONG.has(object.class)),
    owned,
    observed: input.observed,
    unsupported: new Set(),
    callers: [],
  });
  return disturbedByActions(actions, input.observed);
}

/** What these steps take along, by namespace. */
export function disturbedByActions(
  actions: readonly Action[],
  observed: PlanInput['observed'],
): ReadonlyMap<string, Disturbed> {
  const found = new Map<string, Record<keyof Required<Disturbed>, Set<string>>>();
  const of = (netns: string) => {
    const known = found.get(netns);
    const sets = known ?? { onLinks: new Set(), fromLinks: new Set(), byNexthops: new Set() };
    if (known === undefined) found.set(netns, sets);
    return sets;
  };
  for (const action of actions) {
    if (action.op === 'remove' && action.class === 'address') {
      of(action.netns).onLinks.add(String(action.before?.['dev']));
      of(action.netns).fromLinks.add(String(action.before?.['dev']));
    }
    if (action.op === 'remove' && (action.class === 'qdisc' || action.class === 'class'))
      of(action.netns).onLinks.add(String(action.before?.['dev']));
    if (action.op === 'remove' && action.class === 'nexthop') of(action.netns).byNexthops.add(action.key);
    for (const { id, blow } of eventsOf(action, observed)) {
      const link = observed.get(id);
      if (link?.class !== 'link') continue;
      for (const name of around(link, observed)) {
        of(link.netns).onLinks.add(name);
        if (blow === 'gone') of(link.netns).fromLinks.add(name);
      }
    }
  }
  return found;
}

/** A device, its other end, and what stands on it, on and on. */
function around(link: NetObject, observed: PlanInput['observed']): ReadonlySet<string> {
  const names = new Set([link.key]);
  const peer = peerOf(link.spec);
  if (peer !== undefined) names.add(peer);
  for (const name of names)
    for (const other of observed.values())
      if (other.class === 'link' && other.netns === link.netns && other.spec['link'] === name)
        names.add(other.key);
  return names;
}
