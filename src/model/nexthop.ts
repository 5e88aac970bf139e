// SPDX-License-Identifier: Apache-2.0
import type { Encap } from './encap.ts';
import type { Via } from './route.ts';

/** A nexthop object as observed, with the field names of `ip -json -details nexthop`. */
export interface Nexthop extends Encap {
  readonly id: number;
  readonly group?: readonly { readonly id: number; readonly weight?: number }[];
  /** `resilient`; absent for an ordinary multipath group. */
  readonly type?: string;
  readonly resilient_args?: ResilientArgs;
  readonly gateway?: string;
  readonly via?: Via;
  readonly dev?: string;
  readonly scope: string;
  readonly blackhole?: null;
  readonly fdb?: null;
  readonly protocol: string;
  readonly flags: readonly string[];
}

/** Parameters of a resilient group. Times in seconds. */
export interface ResilientArgs {
  readonly buckets: number;
  readonly idle_timer: number;
  readonly unbalanced_timer: number;
  readonly unbalanced_time: number;
}
