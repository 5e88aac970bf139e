// SPDX-License-Identifier: Apache-2.0
// Judges all truth tables and says how many cells each judge passed.
import process from 'node:process';
import { JUDGES } from './judges.ts';
import { type Count, runTable } from './run-table.ts';
import { type FoundTable, tables } from './table-files.ts';

const total = new Map<string, Count>(JUDGES.map(({ name }) => [name, { passed: 0, failed: 0, skipped: 0 }]));

/** @returns what has to be told about it, and whether all is well. */
async function judged({ file, table, errors, notes }: FoundTable): Promise<{ ok: boolean; lines: string[] }> {
  const lines = [...notes.map((text) => `not looked at: ${text}`), ...errors];
  if (table === undefined) return { ok: errors.length === 0, lines };
  const { counts, failures, skips } = await runTable(table, JUDGES);
  let cells = 0;
  for (const [name, count] of counts) {
    const sum = total.get(name) as Count;
    sum.passed += count.passed;
    sum.failed += count.failed;
    sum.skipped += count.skipped;
    cells += count.passed + count.failed + count.skipped;
  }
  lines.push(...skips, ...failures);
  if (cells === 0) lines.push(`${file}: judges nothing: no check has a pair of endpoints that listen there`);
  return { ok: failures.length === 0 && cells > 0, lines };
}

let ok = true;
for (const found of tables()) {
  const one = await judged(found).catch((error: unknown) => ({
    ok: false,
    lines: [error instanceof Error ? String(error.stack) : String(error)],
  }));
  ok &&= one.ok;
  console.log(one.ok ? `ok   ${found.name}` : `FAIL ${found.name} (${found.file})`);
  for (const line of one.lines) console.log(`  ${line}`);
}
const column = (pick: (count: Count) => number) => [...total.values()].map(pick).join('/');
console.log(
  `cells ${[...total.keys()].join('/')} ${column((one) => one.passed)} passed, ${column((one) => one.failed)} failed, ${column((one) => one.skipped)} skipped`,
);
process.exit(ok ? 0 : 1);
