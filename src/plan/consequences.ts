// SPDX-License-Identifier: Apache-2.0
// What the kernel does of itself when a step is carried out.
import { objectClass } from '../kinds/classes.ts';
import { type ClassName, type NetObject, type ObjectId, objectId, type Spec } from '../model/object.ts';
import { type Event, effectOn, peerOf } from './effects.ts';
import { eventsOf, setsDown } from './events.ts';
import type { Action } from './plan.ts';
import { shakenByAddresses } from './shaken.ts';
import { shakenBySysctls } from './shaken-sysctls.ts';
import { needsOf } from './steps.ts';

type Observed = ReadonlyMap<ObjectId, NetObject>;

/** What steps cost besides what they say. */
export interface Losses {
  /** Objects that the kernel drops. */
  readonly dropped: readonly NetObject[];
  /** Objects that outlive what they belong to, with the settings that are left to them. */
  readonly weakened: readonly { readonly object: NetObject; readonly left: Spec }[];
  /** Objects that the kernel may drop or not, which only it knows. */
  readonly shaken: readonly NetObject[];
}

/** The losses when the steps are carried out, of objects that no step moves away or removes before. */
export function lossesOf(actions: readonly Action[], observed: Observed): Losses {
  const shaken = new Map<ObjectId, NetObject>();
  const queue = actions.flatMap((action) => eventsOf(action, observed));
  const dropped = new Map<ObjectId, NetObject>();
  const weakened = new Map<ObjectId, { object: NetObject; left: Spec }>();
  if (queue.length > 0) spread(queue, { actions, observed, dropped, weakened, shaken });
  for (const object of shakenByAddresses(actions, observed, dropped)) shaken.set(object.id, object);
  for (const object of shakenBySysctls(actions, observed)) shaken.set(object.id, object);
  for (const id of dropped.keys()) weakened.delete(id);
  for (const id of [...dropped.keys(), ...weakened.keys()]) shaken.delete(id);
  return {
    dropped: [...dropped.values()],
    weakened: [...weakened.values()],
    shaken: [...shaken.values()],
  };
}

interface Spreading {
  readonly actions: readonly Action[];
  readonly observed: Observed;
  readonly dropped: Map<ObjectId, NetObject>;
  readonly weakened: Map<ObjectId, { object: NetObject; left: Spec }>;
  readonly shaken: Map<ObjectId, NetObject>;
}

/** Each event strikes what stands on its object, which may be events for others. */
function spread(queue: Event[], { actions, observed, dropped, weakened, shaken }: Spreading): void {
  const standing = standingOn(observed);
  const leaves = leavingIn(actions, observed);
  const removed = new Set(actions.flatMap(({ op, id }) => (op === 'remove' ? [id] : [])));
  const known = new Set(queue.map(nameOf));
  const isDown = (netns: string, device: string) => {
    const id = objectId(netns, 'link', device);
    return known.has(`down ${id}`) || known.has(`gone ${id}`);
  };
  for (const event of queue)
    for (const object of standing.get(event.id) ?? []) {
      const { id } = object;
      if (removed.has(id) || dropped.has(id) || (!dropped.has(event.id) && leaves(id, event.id))) continue;
      const { left, next } = effectOn(object, weakened.get(id)?.left ?? object.spec, event, isDown);
      if (left === 'nothing') dropped.set(id, object);
      else if (left === 'perhaps nothing') shaken.set(id, object);
      else if (left !== undefined) weakened.set(id, { object, left });
      for (const one of next ?? []) {
        const following = { id, ...one };
        if (known.has(nameOf(following))) continue;
        known.add(nameOf(following));
        queue.push(following);
      }
    }
}

const nameOf = ({ id, blow }: Event) => `${blow} ${id}`;

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

/** Objects by what they stand on; the two ends of a veth pair stand on each other. */
function standingOn(observed: Observed): ReadonlyMap<ObjectId, readonly NetObject[]> {
  const standing = new Map<ObjectId, NetObject[]>();
  for (const object of observed.values()) {
    const needs = needsOf(object.netns, objectClass(object.class), object.spec);
    const peer = object.class === 'link' ? peerOf(object.spec) : undefined;
    const other = peer && objectId(object.netns, 'link', peer);
    for (const need of other === undefined || needs.includes(other) ? needs : [...needs, other]) {
      const known = standing.get(need);
      if (known === undefined) standing.set(need, [object]);
      else known.push(object);
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

function masterOf({ netns, class: name, spec }: { netns: string; class: ClassName; spec: Spec }) {
  const master = spec['master'];
  return name === 'link' && typeof master === 'string' ? objectId(netns, 'link', master) : undefined;
}
