// SPDX-License-Identifier: Apache-2.0

/**
 * A routing policy rule as observed, with the field names of `ip -json -details rule`. Where ip writes a
 * flag as a key with the value null (`not`, `l3mdev`, `nop`), so does Weir.
 */
export interface Rule {
  readonly family: string;
  readonly priority: number;
  readonly not?: null;
  /** `all` or an address. */
  readonly src: string;
  readonly srclen?: number;
  readonly dst?: string;
  readonly dstlen?: number;
  readonly tos?: string;
  readonly fwmark?: string;
  readonly fwmask?: string;
  readonly iif?: string;
  readonly iif_detached?: null;
  readonly oif?: string;
  readonly oif_detached?: null;
  readonly l3mdev?: null;
  readonly uid_start?: number;
  readonly uid_end?: number;
  readonly ipproto?: string;
  readonly sport?: number;
  readonly sport_start?: number;
  readonly sport_end?: number;
  readonly dport?: number;
  readonly dport_start?: number;
  readonly dport_end?: number;
  readonly tun_id?: number | string;
  readonly table?: string;
  readonly suppress_prefixlen?: number;
  readonly suppress_ifgroup?: string;
  readonly flow_from?: string;
  readonly flow_to?: string;
  /** blackhole, unreachable, prohibit: the action when it is not a table lookup, goto or nop. */
  readonly action?: string;
  /** Priority of the rule to continue at. */
  readonly goto?: number;
  readonly unresolved?: null;
  readonly nop?: null;
  readonly protocol: string;
}
