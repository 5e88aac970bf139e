// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import type {
  CidrSetSpec,
  EndpointSpec,
  NamespaceSpec,
  PolicyClassName,
  PolicyOperation,
  PolicySpec,
} from '../../model/policy.ts';

import { PatchedMap } from '../../policy/patched-map.ts';

/** Classes of objects that policy is made of. */
export const POLICY_CLASSES: readonly PolicyClassName[] = ['namespace', 'cidr-set', 'endpoint', 'policy'];

/** True for the name of such a class. */
export function isPolicyClass(name: string): name is PolicyClassName {
  return POLICY_CLASSES.includes(name as PolicyClassName);
}

/** Objects by class and key. A set is never changed: an operation gives another one that shares what stays. */
export interface PolicyObjects {
  readonly namespace: ReadonlyMap<string, NamespaceSpec>;
  readonly 'cidr-set': ReadonlyMap<string, CidrSetSpec>;
  readonly endpoint: ReadonlyMap<string, EndpointSpec>;
  readonly policy: ReadonlyMap<string, PolicySpec>;
}

export const NO_OBJECTS: PolicyObjects = {
  namespace: new Map(),
  'cidr-set': new Map(),
  endpoint: new Map(),
  policy: new Map(),
};

/** The objects after these operations. */
export function withOperations(
  objects: PolicyObjects,
  operations: readonly PolicyOperation[],
): PolicyObjects {
  const changes = new Map<PolicyClassName, Map<string, Spec | undefined>>();
  for (const operation of operations) {
    const ofClass = changes.get(operation.class) ?? new Map<string, Spec | undefined>();
    changes.set(operation.class, ofClass);
    ofClass.set(operation.key, operation.op === 'set' ? operation.spec : undefined);
  }
  const changed = [...changes].map(([name, of]) => {
    const from = objects[name] as ReadonlyMap<string, unknown> as ReadonlyMap<string, Spec>;
    return [name, PatchedMap.of(from, of)] as const;
  });
  return { ...objects, ...(Object.fromEntries(changed) as unknown as Partial<PolicyObjects>) };
}

/** How many there are. */
export function countOf(objects: PolicyObjects): number {
  return POLICY_CLASSES.reduce((sum, name) => sum + objects[name].size, 0);
}

/** The settings of an object. */
export function specIn(objects: PolicyObjects, name: PolicyClassName, key: string): Spec | undefined {
  return objects[name].get(key) as Spec | undefined;
}

/** True when both ask for the same, of the same objects. */
export function sameOperations(a: readonly PolicyOperation[], b: readonly PolicyOperation[]): boolean {
  const same = (one: PolicyOperation, other: PolicyOperation | undefined) =>
    one.op === other?.op &&
    one.class === other.class &&
    one.key === other.key &&
    (one.op === 'remove' || (other.op === 'set' && one.spec === other.spec));
  return a.length === b.length && a.every((one, i) => same(one, b[i]));
}

/** Operations that lead from nothing to these objects. */
export function settingAll(objects: PolicyObjects): readonly PolicyOperation[] {
  const names = Object.keys(objects) as PolicyClassName[];
  return names.flatMap((name) =>
    [...objects[name]].map(
      ([key, spec]) => ({ op: 'set', class: name, key, spec: spec as unknown as Spec }) as const,
    ),
  );
}
