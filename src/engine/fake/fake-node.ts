// SPDX-License-Identifier: Apache-2.0
// A node that is a map of objects: what the engine reads and changes, without a kernel. For tests.
import { WeirError } from '../../base/errors.ts';
import {
  type NetObject,
  type ObjectId,
  objectId,
  type ReadRequest,
  type StateReader,
} from '../../model/object.ts';
import type { Action } from '../../plan/plan.ts';
import type { ExecuteOptions, Executor } from '../execute/executor.ts';
import type { StepFailure } from '../execute/failure.ts';

/** Thrown in place of an agent that is killed. */
export class Killed extends Error {}

/** Objects by id, and what happens to the steps. */
export class FakeNode implements StateReader, Executor {
  readonly objects = new Map<ObjectId, NetObject>();
  /** Called before each step, by its number since the node was made: what it throws makes the step fail. */
  onStep: (step: number, action: Action) => void = () => {};
  #steps = 0;

  /** Steps that were tried. */
  get steps(): number {
    return this.#steps;
  }

  async read({ netns, keys, all }: ReadRequest): Promise<ReadonlyMap<ObjectId, NetObject>> {
    const found = new Map<ObjectId, NetObject>();
    const add = (object: NetObject | undefined) => object && found.set(object.id, object);
    if (all === true)
      for (const object of this.objects.values()) add(object.netns === netns ? object : undefined);
    for (const [name, of] of keys) for (const key of of) add(this.objects.get(objectId(netns, name, key)));
    return found;
  }

  async execute(actions: readonly Action[], options: ExecuteOptions = {}): Promise<readonly StepFailure[]> {
    const failures: StepFailure[] = [];
    for (const [i, action] of actions.entries()) {
      try {
        this.onStep(this.#steps++, action);
        this.#carryOut(action);
      } catch (error) {
        if (!(error instanceof WeirError)) throw error;
        failures.push({ action, error });
        if (options.keepGoing !== true) break;
      }
      options.progress?.(i + 1);
    }
    return failures;
  }

  #carryOut({ op, id, netns, class: name, key, after }: Action): void {
    const there = this.objects.has(id);
    if (op === 'remove') this.objects.delete(id);
    else if (there === (op === 'create'))
      throw new WeirError('VALUE', { what: id, problem: there ? 'exists' : 'is not there' });
    else this.objects.set(id, { id, netns, class: name, key, spec: after ?? {} });
  }
}
