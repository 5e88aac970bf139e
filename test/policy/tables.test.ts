// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, it } from 'vitest';
import { JUDGES } from './judges.ts';
import { type Count, runTable } from './run-table.ts';
import { tables } from './table-files.ts';

const total = new Map<string, Count>(JUDGES.map(({ name }) => [name, { passed: 0, failed: 0, skipped: 0 }]));

describe('truth tables', () => {
  it.each(tables())(
    '$name',
    async ({ table, errors }) => {
      expect(errors).toEqual([]);
      if (table === undefined) return;
      const { counts, failures, skips } = await runTable(table, JUDGES);
      for (const line of skips) console.log(line);
      for (const [name, count] of counts) {
        const sum = total.get(name) as Count;
        sum.passed += count.passed;
        sum.failed += count.failed;
        sum.skipped += count.skipped;
      }
      expect(failures.join('\n')).toBe('');
      const judged = [...counts.values()].reduce((all, { passed }) => all + passed, 0);
      expect(judged, 'a table without a cell shows nothing').toBeGreaterThan(0);
    },
    600_000,
  );

  afterAll(() => {
    for (const [name, { passed, failed, skipped }] of total)
      console.log(`cells ${name}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  });
});
