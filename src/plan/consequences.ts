// SPDX-License-Identifier: Apache-2.0
// What the kernel does of itself when a step is carried out.
import { objectClass } from '../kinds/classes.ts';
import type { NetObject, ObjectId } from '../model/object.ts';
import type { Action } from './plan.ts';
import { needsOf } from './steps.ts';

type Observed = ReadonlyMap<ObjectId, NetObject>;

/** Objects that the kernel drops when the steps are carried out, besides those that the steps remove. */
export function droppedBy(actions: readonly Action[], observed: Observed): readonly NetObject[] {
  const gone = actions.filter(({ op }) => op === 'remove').map(({ id }) => id);
  if (gone.length === 0) return [];
  const known = new Map(actions.map((action) => [action.id, action]));
  const standing = standingOn(observed);
  const dropped: NetObject[] = [];
  const seen = new Set(gone);
  for (const id of gone)
    for (const object of standing.get(id) ?? []) {
      if (seen.has(object.id) || leaves(known.get(object.id), id)) continue;
      seen.add(object.id);
      gone.push(object.id);
      dropped.push(object);
    }
  return dropped;
}

/** True when a step moves the object away before `id` goes. */
function leaves(action: Action | undefined, id: ObjectId): boolean {
  if (action?.op !== 'change' || action.after === undefined) return false;
  return !needsOf(action.netns, objectClass(action.class), action.after).includes(id);
}

function standingOn(observed: Observed): ReadonlyMap<ObjectId, readonly NetObject[]> {
  const standing = new Map<ObjectId, NetObject[]>();
  for (const object of observed.values())
    for (const need of baseOf(object)) {
      const known = standing.get(need);
      if (known === undefined) standing.set(need, [object]);
      else known.push(object);
    }
  return standing;
}

/** What takes the object with it when it goes. A device outlives its master. */
function baseOf(object: NetObject): readonly ObjectId[] {
  const kind = objectClass(object.class);
  const needs = needsOf(object.netns, kind, object.spec);
  if (object.class !== 'link') return needs;
  if (kind.innate?.(object.spec) === true) return [];
  const master = object.spec['master'];
  return needs.filter((id) => !id.endsWith(`link ${String(master)}`));
}
