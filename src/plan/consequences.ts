// SPDX-License-Identifier: Apache-2.0
// What the kernel does of itself when a step is carried out.
import { objectClass } from '../kinds/classes.ts';
import { type ClassName, type NetObject, type ObjectId, objectId, type Spec } from '../model/object.ts';
import type { Action } from './plan.ts';
import { networkOf, prefixOf } from './prefix.ts';
import { needsOf } from './steps.ts';

type Observed = ReadonlyMap<ObjectId, NetObject>;

/** What steps cost besides what they say. */
export interface Losses {
  /** Objects that the kernel drops. */
  readonly dropped: readonly NetObject[];
  /** Objects that outlive what they belong to, with the settings that are left to them. */
  readonly weakened: readonly { readonly object: NetObject; readonly left: Spec }[];
  /** Objects that the kernel may drop or not: which address of a subnet is the primary one is not known. */
  readonly shaken: readonly NetObject[];
}

/** Classes whose objects others stand on. */
const CARRIES: ReadonlySet<ClassName> = new Set(['link', 'nexthop', 'qdisc', 'class', 'filter']);

/** Dropped with a device that is set down (net/ipv4/fib_frontend.c fib_disable_ip(), net/ipv4/nexthop.c, arp.c). */
const NEED_UP: ReadonlySet<ClassName> = new Set(['route', 'nexthop', 'neighbour']);

/** The losses when the steps are carried out, of objects that no step moves away or removes before. */
export function lossesOf(actions: readonly Action[], observed: Observed): Losses {
  const shaken = shakenBy(actions, observed);
  const gone = actions.filter(
    (action) => CARRIES.has(action.class) && (action.op === 'remove' || setsDown(action)),
  );
  if (gone.length === 0) return { dropped: [], weakened: [], shaken };
  const standing = standingOn(observed);
  const leaves = leavingIn(actions, observed);
  const dropped = new Map<ObjectId, NetObject>();
  const weakened = new Map<ObjectId, { object: NetObject; left: Spec }>();
  const removed = new Set(actions.flatMap(({ op, id }) => (op === 'remove' ? [id] : [])));
  const queue = gone.map(({ op, id }) => ({ id, down: op !== 'remove' }));
  for (const { id, down } of queue)
    for (const { object, port } of standing.get(id) ?? []) {
      if (removed.has(object.id) || dropped.has(object.id) || (!dropped.has(id) && leaves(object.id, id)))
        continue;
      if (down && !needsUp(object)) continue;
      if (port) weakened.set(object.id, { object, left: withoutMaster(object.spec) });
      else {
        dropped.set(object.id, object);
        queue.push({ id: object.id, down: false });
      }
    }
  for (const id of dropped.keys()) weakened.delete(id);
  return {
    dropped: [...dropped.values()],
    weakened: [...weakened.values()],
    shaken: shaken.filter(({ id }) => !dropped.has(id)),
  };
}

/** Addresses that may go with a removed one, when that is the primary one of their subnet (__inet_del_ifa()). */
function shakenBy(actions: readonly Action[], observed: Observed): readonly NetObject[] {
  const removals = actions.filter(({ op, class: name }) => op === 'remove' && name === 'address');
  const subnets = new Set(removals.map((action) => subnetOf(action, action.before)));
  subnets.delete(undefined);
  if (subnets.size === 0) return [];
  const touched = new Set(removals.map(({ id }) => id));
  return [...observed.values()].filter(
    (object) =>
      object.class === 'address' && !touched.has(object.id) && subnets.has(subnetOf(object, object.spec)),
  );
}

/** Device and IPv4 subnet of an address; undefined for others. */
export function subnetOf({ netns }: { readonly netns: string }, spec: Spec | undefined): string | undefined {
  const prefix = prefixOf(spec?.['address']);
  if (prefix === undefined || prefix.address.length !== 4) return undefined;
  return `${netns} ${spec?.['dev']} ${networkOf(prefix).join('.')}/${prefix.prefixlen}`;
}

/**
 * Tells whether a step moves an object away from another before that goes. It cannot when what it moves to waits for
 * something that goes, too, and comes back.
 */
function leavingIn(
  actions: readonly Action[],
  observed: Observed,
): (id: ObjectId, from: ObjectId) => boolean {
  const steps = new Map<ObjectId, Action>();
  const waiting = new Map<ObjectId, boolean>();
  for (const action of actions) {
    steps.set(action.id, action);
    if (action.replaces !== undefined || setsDown(action)) waiting.set(action.id, true);
  }
  const needs = (id: ObjectId): readonly ObjectId[] => {
    const object = steps.get(id) ?? observed.get(id);
    const spec = steps.get(id)?.after ?? observed.get(id)?.spec;
    if (object === undefined || spec === undefined) return [];
    return needsOf(object.netns, objectClass(object.class), spec);
  };
  const waits = (id: ObjectId): boolean => {
    const known = waiting.get(id);
    if (known !== undefined) return known;
    waiting.set(id, false);
    const found = needs(id).some(waits);
    waiting.set(id, found);
    return found;
  };
  return (id, from) => steps.get(id)?.op === 'change' && !needs(id).includes(from) && !needs(id).some(waits);
}

/** True for the step that sets a device down. */
export function setsDown({ op, class: name, before, after }: Action): boolean {
  return op === 'change' && name === 'link' && before?.['state'] === 'up' && after?.['state'] === 'down';
}

/** IPv6 addresses go with the device's state, IPv4 ones stay. */
function needsUp({ class: name, spec }: NetObject): boolean {
  return NEED_UP.has(name) || (name === 'address' && String(spec['address']).includes(':'));
}

/** Something on an object; a port outlives its master. */
interface Standing {
  readonly object: NetObject;
  readonly port: boolean;
}

function standingOn(observed: Observed): ReadonlyMap<ObjectId, readonly Standing[]> {
  const standing = new Map<ObjectId, Standing[]>();
  for (const object of observed.values()) {
    const master = masterOf(object);
    for (const need of needsOf(object.netns, objectClass(object.class), object.spec)) {
      const one = { object, port: need === master };
      const known = standing.get(need);
      if (known === undefined) standing.set(need, [one]);
      else known.push(one);
    }
  }
  return standing;
}

/** What takes the object with it when it goes. A device outlives its master. */
export function basesOf(object: NetObject): readonly ObjectId[] {
  const master = masterOf(object);
  const needs = needsOf(object.netns, objectClass(object.class), object.spec);
  return master === undefined ? needs : needs.filter((need) => need !== master);
}

function masterOf({ netns, class: name, spec }: NetObject): ObjectId | undefined {
  const master = spec['master'];
  if (name !== 'link' || typeof master !== 'string') return undefined;
  return objectId(netns, 'link', master);
}

function withoutMaster(spec: Spec): Spec {
  const { master: _, port: __, ...rest } = spec;
  return rest;
}
