// SPDX-License-Identifier: Apache-2.0
import type { Address } from './address.ts';
import type { Link } from './link.ts';
import type { Neighbour } from './neighbour.ts';
import type { Nexthop } from './nexthop.ts';
import type { Route } from './route.ts';
import type { Rule } from './rule.ts';

/** What a change is about, by the kind of object. */
export interface ChangeObjects {
  readonly link: Link;
  readonly address: Address;
  readonly route: Route;
  readonly neighbour: Neighbour;
  readonly nexthop: Nexthop;
  readonly rule: Rule;
}

export type ChangeKind = keyof ChangeObjects;

/** Every kind, in the order in which objects depend on each other. */
export const CHANGE_KINDS = ['link', 'address', 'nexthop', 'route', 'rule', 'neighbour'] as const;

/** An object appeared, changed (`new`) or vanished (`del`). */
export type ObjectChange = {
  readonly [K in ChangeKind]: {
    readonly kind: K;
    readonly action: 'new' | 'del';
    /** Name of the network namespace, '' for the agent's own. */
    readonly netns: string;
    /** Milliseconds since the epoch at which the agent heard of it. */
    readonly time: number;
    readonly object: ChangeObjects[K];
  };
}[ChangeKind];

/** Changes of these kinds were lost: whoever keeps a copy reads it anew. */
export interface LostChanges {
  readonly kind: 'lost';
  readonly netns: string;
  readonly time: number;
  readonly kinds: readonly ChangeKind[];
}

export type Change = ObjectChange | LostChanges;
