// SPDX-License-Identifier: Apache-2.0
// The kernel as far as a plan sees it: objects that come, change and go, and take along what stands on them.
import { objectClass } from '../../src/kinds/classes.ts';
import type { NetObject, ObjectId } from '../../src/model/object.ts';
import { droppedBy } from '../../src/plan/consequences.ts';
import type { Action } from '../../src/plan/plan.ts';
import { needsOf } from '../../src/plan/steps.ts';

/** Objects by id. */
export type State = ReadonlyMap<ObjectId, NetObject>;

/**
 * The state after the steps.
 * @throws when a step asks for what a kernel refuses: creating what is there, changing what is not, standing on nothing.
 */
export function carriedOut(actions: readonly Action[], before: State): State {
  const state = new Map(before);
  for (const action of actions) step(state, action);
  return state;
}

function step(state: Map<ObjectId, NetObject>, action: Action): void {
  const { op, id, netns, class: name, key, after } = action;
  if (op === 'remove') {
    for (const object of droppedBy([action], state)) state.delete(object.id);
    losePorts(state, action);
    state.delete(id);
    return;
  }
  const innate = objectClass(name).innate?.(after ?? {}) === true;
  if (op === 'create' && state.has(id)) throw new Error(`EEXIST: ${id}`);
  if (op === 'change' && !innate && !state.has(id)) throw new Error(`ENOENT: ${id}`);
  if (after === undefined) throw new Error(`${op} ${id} says not what it shall be`);
  for (const need of needsOf(netns, objectClass(name), after))
    if (!state.has(need)) throw new Error(`ENODEV: ${id} needs ${need}`);
  if (op === 'change') for (const object of droppedBy([action], state)) state.delete(object.id);
  state.set(id, { id, netns, class: name, key, spec: after });
}

/** Ports outlive their master. */
function losePorts(state: Map<ObjectId, NetObject>, { netns, class: name, key }: Action): void {
  if (name !== 'link') return;
  for (const [id, object] of state)
    if (object.class === 'link' && object.netns === netns && object.spec['master'] === key) {
      const { master: _, port: __, ...spec } = object.spec;
      state.set(id, { ...object, spec });
    }
}
