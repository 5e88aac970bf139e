// SPDX-License-Identifier: Apache-2.0
import { type NameTable, nameOf } from './name-table.ts';

/** RT_SCOPE_* (include/uapi/linux/rtnetlink.h). */
export const RT_SCOPES: NameTable = { 0: 'global', 200: 'site', 253: 'link', 254: 'host', 255: 'nowhere' };

/** Name of an address or route scope, digits when unknown. */
export function rtScopeName(scope: number): string {
  return nameOf(RT_SCOPES, scope);
}
