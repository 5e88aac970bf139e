// SPDX-License-Identifier: Apache-2.0
import { maskOf } from '../cpus.ts';
import type { Rule } from '../rule.ts';
import { sum } from '../window.ts';

/** Share of one CPU's time that receiving may take. */
const BUSY = 0.5;
/** Share of all packets that makes a CPU the only one. */
const ALONE = 0.9;
/** Time that the others must have left. */
const IDLE = 0.3;
const LEAST_RATE = 1000;

/** One CPU that receives for all (Documentation/networking/scaling.rst RPS). */
export const RECEIVE_STEERING: Rule = {
  name: 'receive-steering',
  about: 'one CPU is busy receiving from a device with a single queue, and others are idle',
  sysctls: [],
  judge(window) {
    const { cpus } = window;
    const processed = sum(cpus.map((cpu) => cpu.processed));
    const busiest = cpus.toSorted((a, b) => b.processed - a.processed)[0];
    if (busiest === undefined || cpus.length < 2 || window.rate(processed) < LEAST_RATE) return [];
    if (busiest.processed < processed * ALONE || busiest.softirq < BUSY) return [];
    const others = cpus.filter(({ cpu, idle }) => cpu !== busiest.cpu && idle >= IDLE);
    if (others.length === 0) return [];
    return window.after.links.flatMap((link) => {
      const { dev, settings, up } = link;
      const masks = Object.values(
        (settings['queues'] as { readonly rps_cpus?: object } | undefined)?.rps_cpus ?? {},
      );
      const received = window.link(link, 'rx_packets');
      if (!up || masks.length !== 1 || masks[0] !== '0' || received < processed / 4) return [];
      const mask = maskOf(others.map(({ cpu }) => cpu));
      return [
        {
          dev,
          summary: `CPU ${busiest.cpu} receives everything from ${dev}, which has one queue, while others are idle`,
          evidence: [
            { what: 'time of the CPU for packets', value: busiest.softirq * 100, unit: '%' },
            { what: 'its share of all packets', value: (busiest.processed / processed) * 100, unit: '%' },
            { what: 'idle CPUs', value: others.map(({ cpu }) => cpu).join(', ') },
            { what: 'received', value: window.rate(received), unit: 'packets/s' },
          ],
          proposals: [{ dev, setting: 'queues.rps_cpus', value: mask }],
          expected: 'flows are spread over the idle CPUs',
          risk: 'each packet wakes another CPU: a little more work altogether, and more delay at low load',
          metric: `throughput:${dev}`,
          weight: 2,
        },
      ];
    });
  },
};
