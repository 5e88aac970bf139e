// SPDX-License-Identifier: Apache-2.0
// What the virtual machines' tests say at their end.
import type { KernelRun } from './kernel-lane.ts';
import { type Counts, countsOf, type TestResult } from './vitest-report.ts';

/** What a lane gave. */
export interface LaneRun {
  readonly results: readonly TestResult[];
  /** Attempts to boot that failed. */
  readonly faults: readonly string[];
}

/** Print one kernel: what ran, every failure, and why tests were skipped. */
export function printKernel(one: KernelRun): void {
  const { passed, failed, skipped } = countsOf(one.results);
  const name = one.kernel === undefined ? `kernel of ${one.suite}` : `kernel ${one.kernel.release}`;
  const times =
    one.bootSeconds === undefined
      ? 'did not run'
      : `booted in ${one.bootSeconds.toFixed(1)} s, tests ${one.seconds?.toFixed(0)} s`;
  console.log(`${name} (${times}): ${passed + failed + skipped} tests: ${tail({ passed, failed, skipped })}`);
  printTests(one);
}

/** Print what went wrong, and why tests were skipped. */
export function printTests(one: LaneRun): void {
  for (const fault of one.faults) console.log(`  infrastructure: ${fault.trim().replaceAll('\n', '\n    ')}`);
  for (const test of one.results.filter(({ outcome }) => outcome === 'failed'))
    console.log(`  FAIL ${title(test)}\n    ${(test.why ?? '').slice(0, 2000).replaceAll('\n', '\n    ')}`);
  for (const [why, tests] of reasons(one.results)) console.log(`  skipped: ${why}: ${tests.join('; ')}`);
}

/** The last lines of a lane. What could not be set up is told here, and is neither passed nor failed. */
export function printTotal(lane: string, runs: readonly LaneRun[]): Counts {
  const counts = countsOf(runs.flatMap(({ results }) => results));
  const absent = runs.filter(({ results }) => results.length === 0).length;
  const faults = runs.reduce((sum, { faults }) => sum + faults.length, 0);
  if (runs.length > 0)
    console.log(
      `${lane}: ${faults} infrastructure faults; ${absent} of ${runs.length} set-ups without a result`,
    );
  console.log(`${lane}: ${runs.length > absent ? tail(counts) : 'not tested'}`);
  return counts;
}

/** As every test command of the project ends. */
export function tail({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function title({ file, titles }: TestResult): string {
  return [file, ...titles].join(' > ');
}

function reasons(results: readonly TestResult[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const test of results)
    if (test.outcome === 'skipped') {
      const why = test.why ?? 'no reason given';
      found.set(why, [...(found.get(why) ?? []), test.titles.join(' > ')]);
    }
  return found;
}
