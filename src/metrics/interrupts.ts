// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { WordScanner } from './word-scanner.ts';

const INTERRUPTS: Family = {
  name: 'node_interrupts_total',
  help: 'Interrupts by CPU and source.',
  type: 'counter',
  labels: ['cpu', 'type', 'info', 'devices'],
};

/** Interrupts, from /proc/interrupts. */
export const interrupts: Collector = {
  name: 'interrupts',
  enabledByDefault: false,
  scope: 'node',
  families: [INTERRUPTS],
  collect: collectInterrupts,
};

async function collectInterrupts(source: Source, out: Exposition): Promise<void> {
  const scanner = new WordScanner(await source.proc('interrupts'), 'interrupts');
  if (!scanner.nextLine()) return;
  const cpus = scanner.rest().map((name) => name.slice(3));
  while (scanner.nextLine()) {
    await out.breathe();
    scanner.nextWord();
    writeLine(scanner.text().slice(0, -1), scanner.rest(), cpus, out);
  }
}

/**
 * Counts, then for a number the controller and the devices, for a name its explanation. Lines without anything behind
 * the counts (ERR, MIS) are errors of the controller and not interrupts.
 */
function writeLine(type: string, words: readonly string[], cpus: readonly string[], out: Exposition): void {
  const behind = words.slice(cpus.length);
  if (behind.length === 0) return;
  const numbered = /^\d+$/.test(type);
  const info = numbered ? (behind[0] ?? '') : behind.join(' ');
  const devices = numbered ? behind.slice(1).join(' ') : '';
  const writer = out.family(INTERRUPTS);
  for (const [i, cpu] of cpus.entries()) writer.add([cpu, type, info, devices], Number(words[i]));
}
