// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import type { TruthTable } from './table.ts';

const OWN = join(import.meta.dirname, 'tables');

/** The tables of this folder and of that in WEIR_POLICY_TABLES. A file holds one table, or a list of them. */
export function tables(): readonly TruthTable[] {
  const folders = [OWN, process.env['WEIR_POLICY_TABLES'] ?? ''].filter((one) => one !== '');
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .flatMap((name) => tablesIn(join(folder, name))),
  );
}

function tablesIn(file: string): readonly TruthTable[] {
  const value = JSON.parse(readFileSync(file, 'utf8')) as TruthTable | readonly TruthTable[];
  const list = Array.isArray(value) ? (value as readonly TruthTable[]) : [value as TruthTable];
  return list.map((one, i) => {
    if (!Array.isArray(one.endpoints) || !Array.isArray(one.steps))
      throw new Error(`${file}: table ${i + 1} has no endpoints or no steps`);
    return { ...one, name: one.name ?? basename(file, '.json') };
  });
}
