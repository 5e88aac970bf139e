// SPDX-License-Identifier: Apache-2.0
// What vitest's JSON report of a guest says.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { ROOT } from './paths.ts';

export type Outcome = 'passed' | 'failed' | 'skipped';

/** One test in one guest. */
export interface TestResult {
  /** Path in the checkout. */
  readonly file: string;
  /** Titles from the outermost `describe` on. */
  readonly titles: readonly string[];
  readonly outcome: Outcome;
  /** Why it was skipped, or how it failed. */
  readonly why?: string;
}

interface JsonTest {
  readonly status: string;
  readonly title: string;
  readonly ancestorTitles: readonly string[];
  readonly failureMessages?: readonly string[];
  readonly meta?: { readonly skipped?: string };
}

interface JsonFile {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
  readonly assertionResults: readonly JsonTest[];
}

/** The tests of a report; a file that could not be loaded counts as one failed test. undefined without a report. */
export function readReport(file: string): readonly TestResult[] | undefined {
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8')) as { readonly testResults: readonly JsonFile[] };
  return report.testResults.flatMap((one) => resultsOf(one));
}

function resultsOf(file: JsonFile): readonly TestResult[] {
  const name = relative(ROOT, file.name);
  if (file.assertionResults.length === 0 && file.status === 'failed')
    return [{ file: name, titles: ['(the file)'], outcome: 'failed', why: file.message ?? '' }];
  return file.assertionResults.map((one) => {
    const outcome = outcomeOf(one.status);
    const why = outcome === 'skipped' ? one.meta?.skipped : one.failureMessages?.[0];
    const titles = [...one.ancestorTitles, one.title];
    return { file: name, titles, outcome, ...(why !== undefined && { why }) };
  });
}

function outcomeOf(status: string): Outcome {
  if (status === 'passed') return 'passed';
  return status === 'failed' ? 'failed' : 'skipped';
}

export type Counts = Readonly<Record<Outcome, number>>;

/** How many of each. */
export function countsOf(results: readonly TestResult[]): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of results) counts[outcome]++;
  return counts;
}
