// SPDX-License-Identifier: Apache-2.0
import { type NameTable, nameOf } from './name-table.ts';

/** RTN_* (include/uapi/linux/rtnetlink.h). */
export const RT_TYPES: NameTable = {
  0: 'none',
  1: 'unicast',
  2: 'local',
  3: 'broadcast',
  4: 'anycast',
  5: 'multicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
  10: 'nat',
  11: 'xresolve',
};

/** Name of a route type, digits when unknown. */
export function rtTypeName(type: number): string {
  return nameOf(RT_TYPES, type);
}
