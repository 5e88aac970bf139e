// SPDX-License-Identifier: Apache-2.0
import { parseIp, renderIp } from '../base/ip.ts';
import type { EndpointSpec, Labels, PolicyDirection, PolicySpec, PolicyTier } from '../model/policy.ts';
import type { PrefixList } from './prefixes.ts';
import { namespaceLabels, selects } from './select.ts';

/** All that decides about packets. A value: whoever changes something makes a new one. */
export interface World {
  /** By key. */
  readonly endpoints: ReadonlyMap<string, EndpointSpec>;
  /** Labels by name. */
  readonly namespaces: ReadonlyMap<string, Labels>;
  /** Prefixes by the name of their set. */
  readonly sets: ReadonlyMap<string, PrefixList>;
  /** By key. */
  readonly policies: ReadonlyMap<string, PolicySpec>;
  /** Rules that keep the node reachable: of the tier `management`. */
  readonly management: readonly PolicySpec[];
}

export const EMPTY_WORLD: World = {
  endpoints: new Map(),
  namespaces: new Map(),
  sets: new Map(),
  policies: new Map(),
  management: [],
};

const TIERS: readonly PolicyTier[] = ['management', 'admin', 'application', 'baseline'];

/** The order in which policies are asked: tier, priority, key. */
export function policyOrder(a: PolicySpec, b: PolicySpec): number {
  if (a.tier !== b.tier) return TIERS.indexOf(a.tier) - TIERS.indexOf(b.tier);
  if (a.priority !== b.priority) return a.priority - b.priority;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** What is looked up often in a world; made when it is first asked for. */
export class WorldIndex {
  readonly world: World;
  #addresses: Map<string, EndpointSpec[]> | undefined;
  readonly #labels = new Map<string, Labels>();
  readonly #policies = new Map<string, readonly PolicySpec[]>();

  constructor(world: World) {
    this.world = world;
  }

  get #byAddress(): ReadonlyMap<string, EndpointSpec[]> {
    this.#addresses ??= byAddress(this.world);
    return this.#addresses;
  }

  /** Endpoints that have this address. */
  at(address: Uint8Array): readonly EndpointSpec[] {
    return this.#byAddress.get(renderIp(address)) ?? [];
  }

  /** Labels of the namespace of this name. */
  labelsOf(namespace: string): Labels {
    let known = this.#labels.get(namespace);
    if (known === undefined) {
      known = namespaceLabels(namespace, this.world.namespaces.get(namespace));
      this.#labels.set(namespace, known);
    }
    return known;
  }

  /** Policies that have something to say about an endpoint and direction, in order. */
  policiesOf(endpoint: EndpointSpec, direction: PolicyDirection): readonly PolicySpec[] {
    const id = `${direction} ${endpoint.key}`;
    let known = this.#policies.get(id);
    if (known === undefined) {
      const labels = this.labelsOf(endpoint.namespace);
      known = [...this.world.management, ...this.world.policies.values()]
        .filter((one) => one[direction] !== undefined && selects(one.subject, endpoint, labels))
        .sort(policyOrder);
      this.#policies.set(id, known);
    }
    return known;
  }
}

function byAddress({ endpoints }: World): Map<string, EndpointSpec[]> {
  const found = new Map<string, EndpointSpec[]>();
  for (const endpoint of endpoints.values())
    for (const text of endpoint.addresses) {
      const address = renderIp(parseIp(text));
      const known = found.get(address);
      if (known === undefined) found.set(address, [endpoint]);
      else known.push(endpoint);
    }
  return found;
}

/**
 * Of the world that was asked for last. A WeakMap would keep all of them until a collection of old objects: to that of
 * young ones its values are in use, and these know their worlds.
 */
let last: WeakRef<WorldIndex> | undefined;

export function indexOf(world: World): WorldIndex {
  const known = last?.deref();
  if (known?.world === world) return known;
  const made = new WorldIndex(world);
  last = new WeakRef(made);
  return made;
}
