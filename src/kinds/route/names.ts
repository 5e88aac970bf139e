// SPDX-License-Identifier: Apache-2.0
import type { NameTable } from '../../model/names/name-table.ts';
import { RT_PROTOS } from '../../model/names/rt-protos.ts';
import { RT_SCOPES } from '../../model/names/rt-scopes.ts';
import { RT_TYPES } from '../../model/names/rt-types.ts';

/** RT_TABLE_MAIN. */
export const RT_TABLE_MAIN = 254;

const TABLES: Readonly<Record<string, number>> = { default: 253, main: RT_TABLE_MAIN, local: 255 };

/** Number of a table by name or number; main when absent. */
export function tableNumber(table: string | number | undefined): number {
  if (table === undefined) return RT_TABLE_MAIN;
  return typeof table === 'number' ? table : (TABLES[table] ?? Number(table));
}

/** Canonical form of a table: absent for main, a name where it has one, else the number. */
export function tableField(table: number): string | number | undefined {
  if (table === RT_TABLE_MAIN) return undefined;
  return table === 253 ? 'default' : table === 255 ? 'local' : table;
}

function reversed(table: NameTable): ReadonlyMap<string, number> {
  return new Map(Object.entries(table).map(([number, name]) => [name, Number(number)]));
}

const PROTOCOLS = reversed(RT_PROTOS);
const SCOPES = reversed(RT_SCOPES);
const TYPES = reversed(RT_TYPES);

/** Number of a routing protocol by name or digits; undefined for an unknown name. */
export function protocolNumber(name: string | number): number | undefined {
  const known = typeof name === 'number' ? name : (PROTOCOLS.get(name) ?? Number(name));
  return Number.isInteger(known) && known >= 0 && known <= 255 ? known : undefined;
}

/** Number of a scope. */
export const scopeNumber = (name: string): number => SCOPES.get(name) ?? Number(name);

/** Number of a route type. */
export const typeNumber = (name: string): number => TYPES.get(name) ?? 1;
