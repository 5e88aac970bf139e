// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import type { NetObject, ObjectId } from '../model/object.ts';
import { needsOf } from './steps.ts';

/** Circles of objects that need each other, each once. */
export function circles<T extends NetObject>(objects: readonly T[]): readonly (readonly T[])[] {
  const needed = new Set<ObjectId>();
  for (const { netns, class: name, spec } of objects)
    for (const id of needsOf(netns, objectClass(name), spec)) needed.add(id);
  // what nobody needs is in no circle
  const candidates = objects.filter(({ id }) => needed.has(id));
  const byId = new Map<ObjectId, T>(candidates.map((object) => [object.id, object]));
  const state = new Map<ObjectId, 'open' | 'done'>();
  const found: T[][] = [];
  const trail: { readonly object: T; readonly needs: Iterator<ObjectId> }[] = [];
  const enter = (object: T) => {
    state.set(object.id, 'open');
    const needs = needsOf(object.netns, objectClass(object.class), object.spec);
    trail.push({ object, needs: needs.values() });
  };
  for (const start of candidates) {
    if (!state.has(start.id)) enter(start);
    while (trail.length > 0) {
      const { object, needs } = trail[trail.length - 1] as (typeof trail)[number];
      const { value: id, done } = needs.next();
      const next = id === undefined ? undefined : byId.get(id);
      if (done) {
        state.set(object.id, 'done');
        trail.pop();
      } else if (next === undefined) continue;
      else if (state.get(next.id) === 'open')
        found.push(trail.slice(trail.findIndex((one) => one.object === next)).map((one) => one.object));
      else if (!state.has(next.id)) enter(next);
    }
  }
  return found;
}
