// SPDX-License-Identifier: Apache-2.0

/**
 * One IPv4 or IPv6 address as observed: an entry of `addr_info` in `ip -json -details address`, with the
 * device that carries it. Flags that are set are present as `true` under ip's names.
 */
export interface Address {
  readonly ifindex: number;
  readonly ifname: string;
  readonly family: string;
  /** The node's own address. */
  readonly local: string;
  /** The peer of a point-to-point address. */
  readonly address?: string;
  readonly prefixlen: number;
  /** Metric of the prefix route. */
  readonly metric?: number;
  readonly broadcast?: string;
  readonly anycast?: string;
  /** global, site, link, host, nowhere or a number. */
  readonly scope: string;
  readonly secondary?: true;
  readonly temporary?: true;
  readonly nodad?: true;
  readonly optimistic?: true;
  readonly dadfailed?: true;
  readonly home?: true;
  readonly deprecated?: true;
  readonly tentative?: true;
  /** Has a lifetime (IFA_F_PERMANENT is not set). */
  readonly dynamic?: true;
  readonly mngtmpaddr?: true;
  readonly noprefixroute?: true;
  readonly autojoin?: true;
  readonly 'stable-privacy'?: true;
  /** Who made it: kernel_lo, kernel_ra, kernel_ll or a number. */
  readonly protocol?: string;
  readonly label?: string;
  /** Seconds that remain, counted by the kernel at the time of reading; 4294967295 is for ever. */
  readonly valid_life_time?: number;
  readonly preferred_life_time?: number;
}
