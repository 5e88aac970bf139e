// SPDX-License-Identifier: Apache-2.0
// The kernel as far as a plan sees it: objects that come, change and go, and take along what stands on them.
import { objectClass } from '../../src/kinds/classes.ts';
import type { NetObject, ObjectId } from '../../src/model/object.ts';
import { lossesOf } from '../../src/plan/consequences.ts';
import type { Action } from '../../src/plan/plan.ts';
import { needsOf } from '../../src/plan/steps.ts';

/** Objects by id. */
export type State = ReadonlyMap<ObjectId, NetObject>;

/**
 * The state after the steps.
 * @throws when a step asks for what a kernel refuses: creating what is there, changing what is not, standing on nothing.
 */
export function carriedOut(
  actions: readonly Action[],
  before: State,
  comesWith: ComesWith = () => [],
): State {
  const state = new Map(before);
  for (const action of actions) {
    step(state, action);
    if (action.op === 'create') for (const object of comesWith(action)) state.set(object.id, object);
  }
  return state;
}

/** What the kernel makes of itself when it creates an object, such as the sysctls of a device. */
export type ComesWith = (created: Action) => Iterable<NetObject>;

function step(state: Map<ObjectId, NetObject>, action: Action): void {
  const { op, id, netns, class: name, key, after } = action;
  if (op === 'remove') {
    lose(state, action);
    state.delete(id);
    return;
  }
  const innate = objectClass(name).innate?.(after ?? {}) === true;
  if (op === 'create' && state.has(id)) throw new Error(`EEXIST: ${id}`);
  if (op === 'change' && !innate && !state.has(id)) throw new Error(`ENOENT: ${id}`);
  if (after === undefined) throw new Error(`${op} ${id} says not what it shall be`);
  for (const need of needsOf(netns, objectClass(name), after))
    if (!state.has(need)) throw new Error(`ENODEV: ${id} needs ${need}`);
  lose(state, action);
  state.set(id, { id, netns, class: name, key, spec: after });
}

function lose(state: Map<ObjectId, NetObject>, action: Action): void {
  const { dropped, weakened } = lossesOf([action], state);
  for (const { id } of dropped) state.delete(id);
  for (const { object, left } of weakened) state.set(object.id, { ...object, spec: left });
}
