// SPDX-License-Identifier: Apache-2.0

import { objectClass } from '../../src/kinds/classes.ts';
import {
  type ClassName,
  type NetObject,
  type OwnedObject,
  objectId,
  type Spec,
} from '../../src/model/object.ts';
import { desiredObjects } from '../../src/plan/desired.ts';
import type { Document, DocumentKind, DocumentSpec } from '../../src/plan/document.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Plan, PlanInput } from '../../src/plan/plan.ts';
import type { State } from './simulated-kernel.ts';

/** A valid document with these settings. */
export function documentOf(spec: DocumentSpec, kind: DocumentKind = 'Network', name = 'test'): Document {
  return { name: `${kind}/${name}`, value: { apiVersion: 'weir.dev/v1', kind, metadata: { name }, spec } };
}

/** Objects by id, each given as class and settings. */
export function stateOf(...objects: readonly (readonly [ClassName, Spec])[]): State {
  return new Map(objects.map(([name, spec]) => [idOf(name, spec), objectOf(name, spec)]));
}

function idOf(name: ClassName, spec: Spec): string {
  return objectId('', name, objectClass(name).key(spec));
}

function objectOf(name: ClassName, spec: Spec): NetObject {
  const key = objectClass(name).key(spec);
  return { id: objectId('', name, key), netns: '', class: name, key, spec };
}

/** The plan for documents on a node in this state. */
export function planOf(documents: readonly Document[], observed: State, rest: Partial<PlanInput> = {}): Plan {
  return makePlan(inputOf(documents, observed, rest));
}

/** What `planOf` plans from. */
export function inputOf(
  documents: readonly Document[],
  observed: State,
  rest: Partial<PlanInput> = {},
): PlanInput {
  const { objects } = desiredObjects(documents);
  return { desired: objects, owned: new Map(), observed, unsupported: new Set(), callers: [], ...rest };
}

/** What a plan says is owned, by id. */
export function ownedBy(plan: Plan): ReadonlyMap<string, OwnedObject> {
  return new Map(plan.owns.map((object) => [object.id, object]));
}

/** The steps in short: `create link br0`. */
export function stepsIn(plan: Plan): readonly string[] {
  return plan.actions.map(({ op, id, restores }) => `${op} ${id}${restores ? ' (restores)' : ''}`);
}
