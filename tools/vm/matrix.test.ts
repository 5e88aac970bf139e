// SPDX-License-Identifier: Apache-2.0
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { KernelRun } from './kernel-lane.ts';
import { matrixText } from './matrix.ts';
import { ROOT } from './paths.ts';
import { countsOf, readReport, type TestResult } from './vitest-report.ts';

const FILE = 'test/vm/guest/kinds.test.ts';

function run(series: string, ...results: readonly TestResult[]): KernelRun {
  const kernel = { release: `${series}.0-cloud`, series, suite: 'suite', vmlinuz: '', tree: '' };
  return { suite: 'suite', kernel, results, faults: [] };
}

const cake = (outcome: TestResult['outcome'], why?: string): TestResult => ({
  file: FILE,
  titles: ['qdisc', 'cake'],
  outcome,
  ...(why !== undefined && { why }),
});

test('each feature has a row and each kernel a column; what did not run is left out', () => {
  const text = matrixText([
    run('6.1', cake('skipped', 'this kernel is built without CONFIG_NET_SCH_CAKE')),
    run('6.12', cake('passed')),
    run('7.3', cake('failed', 'some error')),
    { suite: 'none', results: [], faults: ['no such suite'] },
  ]);
  expect(text).toContain('|  | 6.1 | 6.12 | 7.3 |\n');
  expect(text).toContain(
    '| cake | no: this kernel is built without CONFIG_NET_SCH_CAKE | yes | **fails** |\n',
  );
  expect(text).toContain(`| \`${FILE}\` | 0 passed, 1 skipped | 1 passed | 0 passed, 1 failed |\n`);
  expect(text).not.toContain('none');
});

test('a report tells every test, and a file that could not be loaded is a failure', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'weir-report-'));
  const file = join(folder.path, 'report.json');
  expect(readReport(file)).toBeUndefined();
  const one = (title: string, status: string, more: object = {}) => ({
    ...{ title, status, ancestorTitles: ['qdisc'] },
    ...more,
  });
  writeFileSync(
    file,
    JSON.stringify({
      testResults: [
        {
          name: join(ROOT, FILE),
          status: 'failed',
          assertionResults: [
            one('cake', 'passed'),
            one('fq', 'skipped', { meta: { skipped: 'no fq' } }),
            one('red', 'failed', { failureMessages: ['Error: red'] }),
          ],
        },
        {
          name: join(ROOT, 'test/x.test.ts'),
          status: 'failed',
          message: 'cannot load',
          assertionResults: [],
        },
      ],
    }),
  );
  const results = readReport(file) ?? [];
  expect(countsOf(results)).toEqual({ passed: 1, failed: 2, skipped: 1 });
  expect(results.map(({ why }) => why)).toEqual([undefined, 'no fq', 'Error: red', 'cannot load']);
  expect(results[0]).toMatchObject({ file: FILE, titles: ['qdisc', 'cake'] });
});
