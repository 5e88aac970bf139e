// SPDX-License-Identifier: Apache-2.0
import type { CidrSetSpec, PolicyClassName } from '../../model/policy.ts';
import type { PrefixList } from '../../policy/prefixes.ts';
import type { World } from '../../policy/world.ts';
import type { PolicyObjects } from './objects.ts';

/**
 * What objects make of a world.
 * @param before Objects with their world: what is made of the same objects is the same.
 */
export function entriesOf(
  objects: PolicyObjects,
  prefixes: (set: CidrSetSpec) => PrefixList,
  before?: { readonly objects: PolicyObjects; readonly world: World },
): Omit<World, 'management'> {
  const same = (name: PolicyClassName) => before?.objects[name] === objects[name];
  const sets = same('cidr-set') && before ? before.world.sets : mapped(objects['cidr-set'], prefixes);
  const namespaces =
    same('namespace') && before ? before.world.namespaces : mapped(objects.namespace, ({ labels }) => labels);
  const { endpoint: endpoints, policy: policies } = objects;
  return { endpoints, namespaces, sets, policies };
}

function mapped<A, B>(from: ReadonlyMap<string, A>, value: (one: A) => B): ReadonlyMap<string, B> {
  return new Map([...from].map(([key, one]) => [key, value(one)]));
}
