// SPDX-License-Identifier: Apache-2.0
// Judges all truth tables and says how many cells each judge passed.
import process from 'node:process';
import { JUDGES } from './judges.ts';
import { type Count, runTable } from './run-table.ts';
import { tables } from './table-files.ts';

const total = new Map<string, Count>(JUDGES.map(({ name }) => [name, { passed: 0, failed: 0, skipped: 0 }]));
let wrong = 0;
for (const table of tables()) {
  try {
    const { counts, failures, skips } = await runTable(table, JUDGES);
    for (const [name, count] of counts) {
      const sum = total.get(name) as Count;
      sum.passed += count.passed;
      sum.failed += count.failed;
      sum.skipped += count.skipped;
    }
    wrong += failures.length;
    const verdict = failures.length === 0 ? 'ok  ' : 'FAIL';
    console.log(`${verdict} ${table.name}`);
    for (const line of [...skips, ...failures]) console.log(`  ${line}`);
  } catch (error) {
    wrong++;
    console.log(`FAIL ${table.name}\n  ${error instanceof Error ? error.stack : String(error)}`);
  }
}
const column = (pick: (count: Count) => number) => [...total.values()].map(pick).join('/');
console.log(
  `cells ${[...total.keys()].join('/')} ${column((one) => one.passed)} passed, ${column((one) => one.failed)} failed, ${column((one) => one.skipped)} skipped`,
);
process.exit(wrong === 0 ? 0 : 1);
