// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family, MetricType } from './exposition.ts';
import { WordScanner } from './word-scanner.ts';

const family = (name: string, type: MetricType, help: string): Family => ({ name, help, type, labels: [] });

/** By the first word of a line in /proc/stat; its first number is the value. */
const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['intr', family('node_intr_total', 'counter', 'Interrupts served.')],
  ['ctxt', family('node_context_switches_total', 'counter', 'Context switches.')],
  ['processes', family('node_forks_total', 'counter', 'Forks.')],
  ['btime', family('node_boot_time_seconds', 'gauge', 'Time of the last boot, in seconds since the epoch.')],
  ['procs_running', family('node_procs_running', 'gauge', 'Tasks that can run.')],
  ['procs_blocked', family('node_procs_blocked', 'gauge', 'Tasks that wait for I/O.')],
]);

/** Counters of the whole kernel, from /proc/stat. CPU time is none of Weir's business. */
export const stat: Collector = {
  name: 'stat',
  enabledByDefault: true,
  scope: 'node',
  families: [...FAMILIES.values()],
  collect: collectStat,
};

async function collectStat(source: Source, out: Exposition): Promise<void> {
  const scanner = new WordScanner(await source.proc('stat'), 'stat');
  while (scanner.nextLine()) {
    scanner.nextWord();
    const found = FAMILIES.get(scanner.text());
    if (found !== undefined) out.family(found).add([], scanner.number());
  }
}
