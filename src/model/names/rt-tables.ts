// SPDX-License-Identifier: Apache-2.0
import { type NameTable, nameOf } from './name-table.ts';

/** RT_TABLE_* (include/uapi/linux/rtnetlink.h). */
export const RT_TABLES: NameTable = { 0: 'unspec', 253: 'default', 254: 'main', 255: 'local' };

/** Name of a routing table, digits when it has none. */
export function rtTableName(table: number): string {
  return nameOf(RT_TABLES, table);
}
