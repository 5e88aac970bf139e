// SPDX-License-Identifier: Apache-2.0
import type { Address } from './address.ts';
import type { Link } from './link.ts';
import type { Neighbour } from './neighbour.ts';
import type { Nexthop } from './nexthop.ts';
import type { ObjectId } from './object.ts';
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

/** Something was observed in the kernel. */
export type Change = ObjectChange | LostChanges;

/** Where a change that Weir makes itself has got to. */
export interface ChangeProgress {
  readonly kind: 'change';
  /** A change is of the whole node: always ''. */
  readonly netns: '';
  readonly time: number;
  readonly revision: number;
  /** The last four end it, until somebody confirms or rolls back what is `unconfirmed`. */
  readonly state:
    | 'applying'
    | 'rolling-back'
    | 'unconfirmed'
    | 'confirmed'
    | 'rolled-back'
    | 'rollback-failed';
  /** What is going on: `plan`, `probe`, `execute`, `verify`. */
  readonly phase?: string;
  /** Steps of the phase. */
  readonly done?: number;
  readonly total?: number;
  /** Who did it, and what went wrong. */
  readonly who?: string;
  readonly error?: string;
}

/** An object that documents declare was changed behind Weir's back, or is again as they say. */
export interface DriftChange {
  readonly kind: 'drift';
  readonly netns: string;
  readonly time: number;
  readonly id: ObjectId;
  readonly state: 'drifted' | 'restored';
  readonly policy: 'report' | 'restore';
  /** Settings that differ; absent when the object is missing. */
  readonly fields?: readonly string[];
}

/** Everything that the feed of events carries. */
export type FeedChange = Change | ChangeProgress | DriftChange;

/** Every kind by which a follower can choose. */
export const EVENT_KINDS = [...CHANGE_KINDS, 'change', 'drift'] as const;
