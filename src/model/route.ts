// SPDX-License-Identifier: Apache-2.0
import type { Encap } from './encap.ts';
import type { Nexthop } from './nexthop.ts';

/** A gateway of the other address family (RTA_VIA). */
export interface Via {
  readonly family: string;
  readonly host: string;
}

/** A route as observed, with the field names of `ip -json -details route`. */
export interface Route extends Encap {
  readonly type: string;
  /** `default`, an address, or `address/length`. */
  readonly dst: string;
  /** Source prefix (IPv6 subtrees). */
  readonly from?: string;
  readonly tos?: string;
  /** Id of the nexthop object. */
  readonly nhid?: number;
  readonly gateway?: string;
  readonly via?: Via;
  readonly dev?: string;
  readonly table: string;
  readonly protocol: string;
  readonly scope: string;
  readonly prefsrc?: string;
  /** RTA_PRIORITY. */
  readonly metric?: number;
  readonly flags: readonly string[];
  readonly uid?: number;
  readonly flow?: { readonly from?: string; readonly to: string };
  /** Seconds until the kernel removes it; negative when overdue. */
  readonly expires?: number;
  readonly error?: number;
  /** One object; an array because ip writes it so. Times in milliseconds. */
  readonly metrics?: readonly RouteMetrics[];
  /** Router preference (RFC 4191): low, medium, high. */
  readonly pref?: string;
  readonly ttl_propagate?: boolean;
  readonly nexthops?: readonly RouteHop[];
  /** The nexthop object behind `nhid`. */
  readonly nh_info?: Nexthop;
}

/** One hop of a multipath route. */
export interface RouteHop extends Encap {
  readonly gateway?: string;
  readonly via?: Via;
  readonly dev: string;
  readonly weight: number;
  readonly flow?: { readonly from?: string; readonly to: string };
  readonly flags: readonly string[];
}

/** RTAX_* metrics by ip's names; `lock` names those that path MTU discovery must not change. */
export type RouteMetrics = Readonly<Record<string, number | string | null | readonly string[]>>;
