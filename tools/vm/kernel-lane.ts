// SPDX-License-Identifier: Apache-2.0
// The kernel lane: test suites of this checkout inside guests, one for each kernel.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secondsLeft } from './budget.ts';
import { type GuestEnd, runGuest } from './guest.ts';
import { type GuestKernel, guestKernel } from './kernels.ts';
import { cacheFolder, ROOT } from './paths.ts';
import { InfrastructureError, run } from './process.ts';
import { countsOf, readReport, type TestResult } from './vitest-report.ts';

/** What runs in every guest unless others are named: what depends on the kernel. */
export const SUITES_OF_TESTS: readonly string[] = ['test/vm/guest', 'test/netns/policy.test.ts'];

const BOOTS = 3;
/** Seconds that the tests of one guest may take. */
const TEST_SECONDS = 1200;
/** Below this nothing begins. */
const LEAST_SECONDS = 120;
const CONFIG = 'vitest.vm.config.ts';

/** What one kernel gave. */
export interface KernelRun {
  readonly suite: string;
  /** undefined when the kernel could not be had. */
  readonly kernel?: GuestKernel;
  readonly results: readonly TestResult[];
  /** Attempts to boot that failed. */
  readonly faults: readonly string[];
  readonly bootSeconds?: number;
  readonly seconds?: number;
}

/** Transform the sources here, where it takes seconds; guests find the result in the cache. */
export function transformTests(tests: readonly string[]): void {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'list', '--config', CONFIG, '--no-static-parse', '--no-color', ...tests];
  run(process.execPath, args, { cwd: ROOT });
}

/** Run `tests` in a guest with the kernel of `suite`. A guest that does not boot is tried again, a test never. */
export async function runKernel(suite: string, tests: readonly string[]): Promise<KernelRun> {
  const faults: string[] = [];
  let kernel: GuestKernel | undefined;
  for (let attempt = 0; attempt < BOOTS; attempt++)
    try {
      if (secondsLeft() < LEAST_SECONDS) throw new InfrastructureError('no time left');
      kernel ??= guestKernel(suite);
      return { suite, kernel, faults, ...(await runTests(kernel, tests)) };
    } catch (error) {
      if (!(error instanceof InfrastructureError)) throw error;
      faults.push(error.message);
    }
  return { suite, ...(kernel && { kernel }), results: [], faults };
}

/** What the last run of a suite's kernel gave, as far as the cache has it. */
export function lastRun(suite: string): KernelRun {
  const kernel = guestKernel(suite);
  const results = readReport(join(cacheFolder('runs', kernel.series), 'report.json')) ?? [];
  return { suite, kernel, results, faults: [] };
}

async function runTests(kernel: GuestKernel, tests: readonly string[]) {
  const results = cacheFolder('runs', kernel.series);
  const script = `
export PATH=${join(ROOT, 'node_modules/.bin')}:$PATH NODE_COMPILE_CACHE=/tmp/compiled
node node_modules/vitest/vitest.mjs run --config ${CONFIG} --no-color \\
  --reporter=verbose --reporter=json --outputFile.json=/results/report.json ${tests.join(' ')}
`;
  const seconds = Math.min(TEST_SECONDS, secondsLeft());
  const end = await runGuest({ kernel, results, script, seconds });
  // an end of the time for all is no failure of a test
  if (end.status === undefined && secondsLeft() < 1) throw new InfrastructureError('no time left');
  const report = readReport(join(results, 'report.json'));
  return {
    bootSeconds: end.bootSeconds,
    seconds: end.seconds,
    results: [...(report ?? []), ...faultsOfGuest(end, report, join(results, 'log'))],
  };
}

/** A guest that dies or hangs in a test, and a vitest that fails without a failed test, is a failed test as well. */
function faultsOfGuest(
  end: GuestEnd,
  report: readonly TestResult[] | undefined,
  log: string,
): readonly TestResult[] {
  const failed = (title: string, why: string): readonly TestResult[] => [
    { file: '(guest)', titles: [title], outcome: 'failed', why },
  ];
  if (end.status === undefined) return failed('the guest died or hung', end.console.slice(-3000));
  const good = report !== undefined && (end.status === 0 || countsOf(report).failed > 0);
  return good ? [] : failed('the tests ended without a result', readFileSync(log, 'utf8').slice(-3000));
}
