// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { WordScanner } from './word-scanner.ts';

const BY_CPU: Family = {
  name: 'node_softirqs_functions_total',
  help: 'Softirqs run, by CPU and type.',
  type: 'counter',
  labels: ['cpu', 'type'],
};
const BY_VECTOR: Family = {
  name: 'node_softirqs_total',
  help: 'Softirqs run, by vector.',
  type: 'counter',
  labels: ['vector'],
};

/** Order of the `softirq` line in /proc/stat, behind its sum (include/linux/interrupt.h). */
const VECTORS = [
  'hi',
  'timer',
  'net_tx',
  'net_rx',
  'block',
  'block_iopoll',
  'tasklet',
  'sched',
  'hrtimer',
  'rcu',
];

/** Softirqs: network work shows as NET_RX and NET_TX. */
export const softirqs: Collector = {
  name: 'softirqs',
  enabledByDefault: true,
  scope: 'node',
  families: [BY_CPU, BY_VECTOR],
  collect: collectSoftirqs,
};

async function collectSoftirqs(source: Source, out: Exposition): Promise<void> {
  writeByCpu(new WordScanner(await source.proc('softirqs'), 'softirqs'), out);
  writeByVector(new WordScanner(await source.proc('stat'), 'stat'), out);
}

/** `CPU0 CPU1`, then `NET_RX: 1 2` per line. */
function writeByCpu(scanner: WordScanner, out: Exposition): void {
  if (!scanner.nextLine()) return;
  const cpus = scanner.rest().map((name) => name.slice(3));
  const writer = out.family(BY_CPU);
  while (scanner.nextLine()) {
    scanner.nextWord();
    const type = scanner.text().slice(0, -1);
    for (const cpu of cpus) writer.add([cpu, type], scanner.number());
  }
}

function writeByVector(scanner: WordScanner, out: Exposition): void {
  while (scanner.nextLine()) {
    if (!scanner.nextWord() || scanner.text() !== 'softirq') continue;
    scanner.number();
    for (const vector of VECTORS) out.family(BY_VECTOR).add([vector], scanner.number());
  }
}
