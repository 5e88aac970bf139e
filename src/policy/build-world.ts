// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../model/object.ts';
import type {
  CidrSetSpec,
  EndpointSpec,
  Labels,
  NamespaceSpec,
  PolicyClassName,
  PolicySpec,
} from '../model/policy.ts';
import { prefixesOf } from './prefix-text.ts';
import type { PrefixList } from './prefixes.ts';
import type { World } from './world.ts';

/** An object of one of the classes that policy is made of. */
export interface PolicyObject {
  readonly class: string;
  readonly spec: Spec;
}

/** Everything of a world in maps that may be changed. */
export interface WorldDraft {
  readonly endpoints: Map<string, EndpointSpec>;
  readonly namespaces: Map<string, Labels>;
  readonly sets: Map<string, PrefixList>;
  readonly policies: Map<string, PolicySpec>;
}

/**
 * The world of these objects; those of other classes are left out.
 * @param file The prefixes of a set that stands in a file.
 */
export function worldOf(
  objects: Iterable<PolicyObject>,
  file: (path: string) => PrefixList,
  management: readonly PolicySpec[] = [],
): World {
  const draft: WorldDraft = {
    endpoints: new Map(),
    namespaces: new Map(),
    sets: new Map(),
    policies: new Map(),
  };
  for (const { class: name, spec } of objects) set(draft, name as PolicyClassName, spec, file);
  return { ...draft, management };
}

function set(draft: WorldDraft, name: PolicyClassName, spec: Spec, file: (path: string) => PrefixList): void {
  switch (name) {
    case 'endpoint': {
      const endpoint = spec as unknown as EndpointSpec;
      draft.endpoints.set(endpoint.key, endpoint);
      break;
    }
    case 'namespace': {
      const namespace = spec as unknown as NamespaceSpec;
      draft.namespaces.set(namespace.name, namespace.labels);
      break;
    }
    case 'policy': {
      const policy = spec as unknown as PolicySpec;
      draft.policies.set(policy.key, policy);
      break;
    }
    case 'cidr-set': {
      const one = spec as unknown as CidrSetSpec;
      draft.sets.set(one.name, one.file === undefined ? prefixesOf(one.cidrs ?? []) : file(one.file));
      break;
    }
  }
}
