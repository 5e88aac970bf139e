// SPDX-License-Identifier: Apache-2.0
import { type NameTable, nameOf } from './name-table.ts';

export const AF_INET = 2;
export const AF_BRIDGE = 7;
export const AF_INET6 = 10;

/** Address families that rtnetlink objects carry (AF_* in include/linux/socket.h). */
export const FAMILIES: NameTable = { 2: 'inet', 7: 'bridge', 10: 'inet6', 17: 'link', 28: 'mpls' };

/** Name of an address family, digits when unknown. */
export function familyName(family: number): string {
  return nameOf(FAMILIES, family);
}
