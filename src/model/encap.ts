// SPDX-License-Identifier: Apache-2.0

/**
 * Light-weight tunnel of a route or nexthop. `ip` prints these fields flat beside the object's own; so does
 * Weir, but where ip repeats a key (JSON readers then lose the object's own value) the tunnel's field is
 * `encap_<field>`.
 */
export interface Encap {
  /** mpls, ip, ila, ip6, seg6, bpf, seg6local, rpl, ioam6, xfrm. */
  readonly encap?: string;
  readonly encap_dst?: string;
  readonly encap_id?: number;
  readonly encap_tos?: number;
  readonly [field: string]: unknown;
}
