// SPDX-License-Identifier: Apache-2.0
import type { Rule } from '../rule.ts';
import { sum } from '../window.ts';

const LEAST_RATE = 2000;
const ALONE = 0.9;

/** Interrupts of several queues that all go to one CPU (Documentation/core-api/irq/irq-affinity.rst). */
export const IRQ_AFFINITY: Rule = {
  name: 'irq-affinity',
  about: 'interrupts of several queues go to the same CPU',
  sysctls: [],
  judge(window) {
    const cpus = window.after.cpus.length;
    return window.after.links.flatMap(({ dev, ifindex, irqs }) => {
      const past = window.before.links.find((one) => one.ifindex === ifindex)?.irqs ?? [];
      const grown = irqs.flatMap(({ irq, counts }) => {
        const before = past.find((one) => one.irq === irq)?.counts;
        if (before === undefined) return [];
        const each = counts.map((count, cpu) => Math.max(0, count - (before[cpu] ?? count)));
        return sum(each) === 0 ? [] : [{ irq, each }];
      });
      const all = sum(grown.map(({ each }) => sum(each)));
      if (grown.length < 2 || cpus < 2 || window.rate(all) < LEAST_RATE) return [];
      const byCpu = Array.from({ length: cpus }, (_, cpu) => sum(grown.map(({ each }) => each[cpu] ?? 0)));
      const most = Math.max(...byCpu);
      if (most < all * ALONE) return [];
      const cpu = byCpu.indexOf(most);
      const commands = grown.map(({ irq }, i) => `echo ${i % cpus} > /proc/irq/${irq}/smp_affinity_list`);
      return [
        {
          dev,
          summary: `CPU ${cpu} takes the interrupts of ${grown.length} queues of ${dev}`,
          evidence: [
            { what: 'interrupts', value: window.rate(all), unit: 'per s' },
            { what: 'share of the CPU', value: (most / all) * 100, unit: '%' },
            { what: 'queues', value: grown.length },
          ],
          proposals: [],
          manual: `spread them: ${commands.join('; ')}; or run irqbalance`,
          expected: 'the queues are served by as many CPUs',
          risk: 'irqbalance, where it runs, moves them back',
          metric: `throughput:${dev}`,
          weight: 2,
        },
      ];
    });
  },
};
