// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { messageOf } from '../../src/base/errors.ts';
import type { TruthTable } from './table.ts';
import { tableProblems } from './table-check.ts';

const OWN = join(import.meta.dirname, 'tables');

/** A table in its file, or what is wrong with it or with the file. */
export interface FoundTable {
  readonly file: string;
  /** The table's, else the file's. */
  readonly name: string;
  readonly table?: TruthTable;
  /** Without them there is a table. */
  readonly errors: readonly string[];
  /** What nobody looks at. */
  readonly notes: readonly string[];
}

/** The tables of this folder and of that in WEIR_POLICY_TABLES. A file holds one table, or a list of them. */
export function tables(): readonly FoundTable[] {
  const others = process.env['WEIR_POLICY_TABLES'] ?? '';
  return [OWN, ...(others === '' ? [] : [others])].flatMap(tablesUnder);
}

/** The tables in the files of a folder, in the order of their names. */
export function tablesUnder(folder: string): readonly FoundTable[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    if (names.length === 0)
      return [{ file: folder, name: basename(folder), errors: [], notes: ['no file in it ends in .json'] }];
    return names.sort().flatMap((name) => tablesIn(join(folder, name)));
  } catch (error) {
    return [wrongFile(folder, `cannot be read: ${messageOf(error)}`)];
  }
}

function wrongFile(file: string, problem: string): FoundTable {
  return { file, name: basename(file), errors: [problem], notes: [] };
}

function tablesIn(file: string): readonly FoundTable[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return [wrongFile(file, `cannot be read: ${messageOf(error)}`)];
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0)
    return [{ file, name: basename(file), errors: [], notes: ['its list has no table'] }];
  return list.map((one, i) => {
    const { errors, notes } = tableProblems(one);
    const given = (one as { name?: unknown } | null)?.name;
    const name = typeof given === 'string' ? given : basename(file, '.json');
    const at = list.length > 1 ? `table ${i + 1}: ` : '';
    const found = {
      file,
      name,
      errors: errors.map((text) => at + text),
      notes: notes.map((text) => at + text),
    };
    return errors.length > 0 ? found : { ...found, table: { ...(one as TruthTable), name } };
  });
}
