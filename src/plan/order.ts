// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import { CLASS_NAMES, type ClassName, type NetObject, type ObjectId } from '../model/object.ts';
import { basesOf } from './consequences.ts';
import { setsDown } from './events.ts';
import type { Action } from './plan.ts';
import { subnetOf } from './shaken.ts';
import { needsOf } from './steps.ts';

const RANK = new Map<ClassName, number>(CLASS_NAMES.map((name, i) => [name, i]));

/** Removed last, so that what takes their place is there before they go. */
const LATE: ReadonlySet<ClassName> = new Set(['address', 'neighbour', 'fdb', 'route', 'rule']);

/**
 * The steps in an order that the kernel takes: what is needed before what needs it, removals the other way round; then
 * removals that may free what a creation takes (a VLAN id, a qdisc's place), creations and changes class by class,
 * and at last the removals of routes, rules and addresses (make before break). Steps of one class keep their order.
 */
export function ordered(
  actions: readonly Action[],
  observed: ReadonlyMap<ObjectId, NetObject>,
): readonly Action[] {
  if (actions.length < 2) return actions;
  const base = actions.toSorted((a, b) => place(a) - place(b));
  return depthFirst(base, dependencies(base, observed));
}

function place(action: Action): number {
  const rank = RANK.get(action.class) as number;
  if (action.op !== 'remove') return 1000 + 2 * rank + (isIndirect(action) ? 1 : 0);
  const early = action.replaces !== undefined || !LATE.has(action.class);
  return (early ? 0 : 2000) + 2 * (CLASS_NAMES.length - rank) + (isIndirect(action) ? 0 : 1);
}

/** A route through a gateway, which another route of the plan may lead to. */
function isIndirect({ class: name, before, after }: Action): boolean {
  const spec = after ?? before;
  return name === 'route' && (spec?.['gateway'] ?? spec?.['nexthops'] ?? spec?.['via']) !== undefined;
}

/** For each step by its place the steps that go first. */
type Edges = readonly (number[] | undefined)[];

function dependencies(actions: readonly Action[], observed: ReadonlyMap<ObjectId, NetObject>): Edges {
  const edges: (number[] | undefined)[] = new Array(actions.length);
  const { making, removing, lowering } = byId(actions);
  const ends = removing.size + lowering.size;
  const link = (later: number, earlier: number | undefined) => {
    if (earlier === undefined || earlier === later) return;
    const known = edges[later];
    if (known === undefined) edges[later] = [earlier];
    else known.push(earlier);
  };
  const subnets = subnetsLeft(actions, link);
  actions.forEach((action, i) => {
    const kind = objectClass(action.class);
    // An address beside the one that goes would go with it.
    if (subnets.size > 0 && action.class === 'address' && action.op !== 'remove')
      link(i, subnets.get(subnetOf(action, action.after)));
    // What may go with an address can only be put back when that is gone.
    else if (subnets.size > 0 && action.restores && action.op !== 'remove')
      for (const removal of subnets.values()) link(i, removal);
    const kept = new Set<ObjectId>();
    if (action.op !== 'remove') {
      if (action.op === 'create') link(i, removing.get(action.id));
      for (const need of needsOf(action.netns, kind, action.after ?? {})) {
        link(i, making.get(need));
        if (ends > 0) kept.add(need);
      }
    }
    if (action.before === undefined || ends === 0) return;
    for (const need of needsOf(action.netns, kind, action.before))
      if (!kept.has(need)) {
        const end = removing.get(need) ?? lowering.get(need) ?? removing.get(carrierOf(need, observed));
        if (end !== undefined) link(end, i);
      }
  });
  return edges;
}

/** The last removal of an IPv4 address by device and subnet; each waits for the one before. */
function subnetsLeft(
  actions: readonly Action[],
  link: (later: number, earlier: number | undefined) => void,
): ReadonlyMap<string | undefined, number> {
  const last = new Map<string | undefined, number>();
  actions.forEach((action, i) => {
    if (action.op !== 'remove' || action.class !== 'address') return;
    const subnet = subnetOf(action, action.before);
    if (subnet === undefined) return;
    link(i, last.get(subnet));
    last.set(subnet, i);
  });
  return last;
}

/** What the object stands on, and goes with: the other end of a veth pair. */
function carrierOf(id: ObjectId, observed: ReadonlyMap<ObjectId, NetObject>): ObjectId {
  const object = observed.get(id);
  return (object && basesOf(object)[0]) ?? id;
}

function byId(actions: readonly Action[]) {
  const making = new Map<ObjectId, number>();
  const removing = new Map<ObjectId, number>();
  const lowering = new Map<ObjectId, number>();
  actions.forEach((action, i) => {
    (action.op === 'remove' ? removing : making).set(action.id, i);
    if (setsDown(action)) lowering.set(action.id, i);
  });
  return { making, removing, lowering };
}

/** Each step behind those that go first, otherwise as they stand. An edge that closes a circle is left out. */
function depthFirst(actions: readonly Action[], edges: Edges): readonly Action[] {
  const out: Action[] = [];
  const seen = new Uint8Array(actions.length);
  const stack: number[] = [];
  for (let start = 0; start < actions.length; start++) {
    stack.push(start);
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as number;
      if (seen[top] === 0) {
        seen[top] = 1;
        // Pushed backwards, so that they come out in their own order.
        const first = edges[top]?.filter((other) => seen[other] === 0) ?? [];
        if (first.length > 0) stack.push(...first.sort((a, b) => b - a));
        else finish(top);
      } else finish(top);
    }
  }
  return out;

  function finish(top: number): void {
    stack.pop();
    if (seen[top] === 2) return;
    seen[top] = 2;
    out.push(actions[top] as Action);
  }
}
