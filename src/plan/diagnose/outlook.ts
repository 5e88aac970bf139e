// SPDX-License-Identifier: Apache-2.0
import type { ClassName, NetObject, ObjectId } from '../../model/object.ts';
import type { Action, DesiredObject, PlanInput } from '../plan.ts';

/** A plan with what the node is like once it has been carried out, as far as it has been read. */
export class Outlook {
  readonly input: PlanInput;
  readonly actions: readonly Action[];
  readonly #after = new Map<ClassName, ReadonlyMap<ObjectId, NetObject>>();
  readonly #desired = new Map<ClassName, ReadonlyMap<ObjectId, DesiredObject>>();

  constructor(input: PlanInput, actions: readonly Action[]) {
    this.input = input;
    this.actions = actions;
  }

  /** The objects of a class afterwards. */
  after(name: ClassName): ReadonlyMap<ObjectId, NetObject> {
    const known = this.#after.get(name);
    if (known !== undefined) return known;
    const objects = new Map<ObjectId, NetObject>();
    for (const [id, object] of this.input.observed) if (object.class === name) objects.set(id, object);
    for (const { op, id, netns, class: of, key, after } of this.actions) {
      if (of !== name) continue;
      if (op === 'remove' || after === undefined) objects.delete(id);
      else objects.set(id, { id, netns, class: of, key, spec: after });
    }
    this.#after.set(name, objects);
    return objects;
  }

  /** What documents say of an object. */
  desired({ class: name, id }: NetObject): DesiredObject | undefined {
    let known = this.#desired.get(name);
    if (known === undefined) {
      const ofClass = this.input.desired.filter((object) => object.class === name);
      known = new Map(ofClass.map((object) => [object.id, object]));
      this.#desired.set(name, known);
    }
    return known.get(id);
  }

  /** Steps of a class. */
  steps(name: ClassName): readonly Action[] {
    return this.actions.filter((action) => action.class === name);
  }
}
