// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../../base/bytes.ts';
import type { FileReader } from '../../kernel/ports.ts';
import type { IrqSample } from '../../tuning/advice/sample.ts';

/** Counts by interrupt, of each CPU, from /proc/interrupts. */
export async function readInterrupts(proc: FileReader): Promise<ReadonlyMap<number, IrqSample>> {
  return interruptsIn(textOf(await proc.read('interrupts')));
}

/** The same from the text. */
export function interruptsIn(text: string): ReadonlyMap<number, IrqSample> {
  const [titles = '', ...lines] = text.split('\n');
  const cpus = [...titles.matchAll(/CPU(\d+)/g)].map(([, cpu]) => Number(cpu));
  const found = new Map<number, IrqSample>();
  for (const line of lines) {
    const [, number, rest = ''] = /^\s*(\d+):\s+(.*)$/.exec(line) ?? [];
    if (number === undefined) continue;
    const words = rest.split(/\s+/).slice(0, cpus.length).map(Number);
    const counts: number[] = [];
    for (const [i, cpu] of cpus.entries()) counts[cpu] = words[i] ?? 0;
    for (let cpu = 0; cpu < counts.length; cpu++) counts[cpu] ??= 0;
    found.set(Number(number), { irq: Number(number), counts });
  }
  return found;
}

/** Those of a device, in the order of its queues. */
export function irqsOf(
  interrupts: ReadonlyMap<number, IrqSample>,
  irqs: readonly number[],
): readonly IrqSample[] {
  return irqs.flatMap((irq) => interrupts.get(irq) ?? []);
}
