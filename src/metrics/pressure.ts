// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../base/errors.ts';
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { optional } from './optional.ts';
import { WordScanner } from './word-scanner.ts';

const THOUSAND = 1_000;

const counter = (name: string, help: string): Family => ({
  name: `node_pressure_${name}_seconds_total`,
  help,
  type: 'counter',
  labels: [],
});

/** Resource, its file, and the family for each first word of a line in it. */
const RESOURCES: readonly (readonly [path: string, families: ReadonlyMap<string, Family>])[] = [
  ['pressure/cpu', new Map([['some', counter('cpu_waiting', 'Time that tasks waited for CPU time.')]])],
  [
    'pressure/io',
    new Map([
      ['some', counter('io_waiting', 'Time that tasks waited for I/O.')],
      ['full', counter('io_stalled', 'Time that no task could go on because of I/O.')],
    ]),
  ],
  [
    'pressure/memory',
    new Map([
      ['some', counter('memory_waiting', 'Time that tasks waited for memory.')],
      ['full', counter('memory_stalled', 'Time that no task could go on because of memory.')],
    ]),
  ],
  [
    'pressure/irq',
    new Map([['full', counter('irq_stalled', 'Time that no task could go on because of interrupts.')]]),
  ],
];

/** Pressure stall information (Documentation/accounting/psi.rst). */
export const pressure: Collector = {
  name: 'pressure',
  enabledByDefault: true,
  scope: 'node',
  families: RESOURCES.flatMap(([, families]) => [...families.values()]),
  collect: collectPressure,
};

async function collectPressure(source: Source, out: Exposition): Promise<void> {
  let found = false;
  for (const [path, families] of RESOURCES) {
    const bytes = await optional(source.proc(path));
    if (bytes === undefined) continue;
    found = true;
    write(new WordScanner(bytes, path), families, out);
  }
  if (!found) throw new WeirError('NO_DATA', { what: '/proc/pressure' });
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=123` per line. */
function write(scanner: WordScanner, families: ReadonlyMap<string, Family>, out: Exposition): void {
  while (scanner.nextLine()) {
    scanner.nextWord();
    const family = families.get(scanner.text());
    if (family === undefined) continue;
    while (scanner.nextWord()) {
      const total = scanner.numberAfter('total=');
      // microseconds, divided in two steps as node_exporter does: the last bit of the result depends on it
      if (total !== undefined) out.family(family).add([], total / THOUSAND / THOUSAND);
    }
  }
}
