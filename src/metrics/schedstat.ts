// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { WordScanner } from './word-scanner.ts';

const NANOSECONDS = 1_000_000_000;

const counter = (name: string, help: string): Family => ({
  name: `node_schedstat_${name}_total`,
  help,
  type: 'counter',
  labels: ['cpu'],
});

const RUNNING = counter('running_seconds', 'Time that tasks ran on the CPU.');
const WAITING = counter('waiting_seconds', 'Time that tasks waited for the CPU.');
const TIMESLICES = counter('timeslices', 'Time slices given on the CPU.');

/** Words between `cpuN` and the run time (Documentation/scheduler/sched-stats.rst). */
const WORDS_BEFORE_RUNNING = 6;

/** Scheduler statistics by CPU, from /proc/schedstat. */
export const schedstat: Collector = {
  name: 'schedstat',
  enabledByDefault: true,
  scope: 'node',
  families: [RUNNING, WAITING, TIMESLICES],
  collect: collectSchedstat,
};

async function collectSchedstat(source: Source, out: Exposition): Promise<void> {
  const scanner = new WordScanner(await source.proc('schedstat'), 'schedstat');
  while (scanner.nextLine()) {
    scanner.nextWord();
    const cpu = /^cpu(\d+)$/.exec(scanner.text())?.[1];
    if (cpu === undefined || !scanner.skip(WORDS_BEFORE_RUNNING)) continue;
    out.family(RUNNING).add([cpu], scanner.number() / NANOSECONDS);
    out.family(WAITING).add([cpu], scanner.number() / NANOSECONDS);
    out.family(TIMESLICES).add([cpu], scanner.number());
  }
}
