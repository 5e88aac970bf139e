// SPDX-License-Identifier: Apache-2.0
import type { CidrSetSpec, PolicyOperation, PolicySpec } from '../../model/policy.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import type { PrefixList } from '../../policy/prefixes.ts';
import type { World } from '../../policy/world.ts';
import { entriesOf } from './entries.ts';
import { type PolicyObjects, sameOperations, withOperations } from './objects.ts';
import type { Compiling, Kept, PolicyLogic } from './ports.ts';

/** What operations would lead to. */
export interface Candidate {
  readonly objects: PolicyObjects;
  readonly world: World;
}

/** What operations start from. */
interface Start {
  readonly objects: PolicyObjects;
  readonly management: readonly PolicySpec[];
  /** What is in force, as far as it was compiled. */
  readonly inForce: Candidate | undefined;
}

interface Asked extends Candidate {
  readonly start: Start;
  readonly operations: readonly PolicyOperation[];
}

interface WorldsParts {
  readonly logic: PolicyLogic;
  prefixes(set: CidrSetSpec): PrefixList;
}

/** Makes worlds of objects and compiles them. A plan and the change after it ask for the same one. */
export class Worlds {
  readonly #parts: WorldsParts;
  #asked: Asked | undefined;
  #compiler: Compiling | undefined;
  #compiled: CompiledPolicy | undefined;
  /** Numbers of maps that an earlier agent made: what is compiled first keeps them. */
  kept: Kept | undefined;

  constructor(parts: WorldsParts) {
    this.#parts = parts;
  }

  /** About the world that was compiled last. */
  get compiled(): CompiledPolicy | undefined {
    return this.#compiled;
  }

  /** What these operations would lead to. */
  after(operations: readonly PolicyOperation[], start: Start): Candidate {
    const known = this.#asked;
    if (known?.start.objects === start.objects && known.start.management === start.management)
      if (sameOperations(known.operations, operations)) return known;
    const objects = withOperations(start.objects, operations);
    const { management } = start;
    const world = { ...entriesOf(objects, this.#parts.prefixes, start.inForce), management };
    this.#asked = { start, operations, objects, world };
    return this.#asked;
  }

  /** The same, which is asked for no more. */
  take(operations: readonly PolicyOperation[], start: Start): Candidate {
    const found = this.after(operations, start);
    this.#asked = undefined;
    return found;
  }

  compile(world: World): CompiledPolicy {
    if (this.#compiled !== undefined && this.#compiler?.world === world) return this.#compiled;
    return this.recompile(world);
  }

  /** Compile it also where it was compiled last: what was accepted meanwhile is its past now. */
  recompile(world: World): CompiledPolicy {
    this.#compiler ??= this.#parts.logic.compiler(this.kept);
    this.#compiled = this.#compiler.update(world);
    return this.#compiled;
  }

  /** What was compiled last is in force. */
  accept(): void {
    this.#compiler?.accept();
    this.kept = undefined;
  }

  /** Nothing is in force any more. */
  forget(): void {
    this.kept = undefined;
    this.#compiler = undefined;
    this.#compiled = undefined;
  }
}
