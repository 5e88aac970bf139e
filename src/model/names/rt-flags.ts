// SPDX-License-Identifier: Apache-2.0

/**
 * RTNH_F_* and RTM_F_* bits with a name, in the order that `ip` lists them (include/uapi/linux/rtnetlink.h).
 */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'dead'],
  [0x4, 'onlink'],
  [0x2, 'pervasive'],
  [0x8, 'offload'],
  [0x40, 'trap'],
  [0x100, 'notify'],
  [0x10, 'linkdown'],
  [0x20, 'unresolved'],
  [0x4000, 'rt_offload'],
  [0x8000, 'rt_trap'],
  [0x2000_0000, 'rt_offload_failed'],
];

const NONE: readonly string[] = [];

/** Names of the flags of a route, a hop or a nexthop. */
export function rtFlagNames(flags: number): readonly string[] {
  return flags === 0 ? NONE : FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
}
