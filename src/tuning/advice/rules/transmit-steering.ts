// SPDX-License-Identifier: Apache-2.0
import { maskOf } from '../cpus.ts';
import type { Rule } from '../rule.ts';

const LEAST_RATE = 2000;

/** Send queues that no CPU calls its own (Documentation/networking/scaling.rst XPS). */
export const TRANSMIT_STEERING: Rule = {
  name: 'transmit-steering',
  about: 'a device has several send queues, and CPUs share them at random',
  sysctls: [],
  judge(window) {
    const cpus = window.after.cpus.map(({ cpu }) => cpu);
    return window.after.links.flatMap((link) => {
      const { dev, settings } = link;
      const masks = (
        settings['queues'] as { readonly xps_cpus?: Readonly<Record<string, string>> } | undefined
      )?.xps_cpus;
      const queues = Object.keys(masks ?? {});
      const sent = window.rate(window.link(link, 'tx_packets'));
      if (queues.length < 2 || cpus.length < 2 || sent < LEAST_RATE) return [];
      if (Object.values(masks ?? {}).some((mask) => mask !== '0')) return [];
      const used = queues.slice(0, cpus.length);
      const each = used.map((queue, i) => [queue, maskOf(cpus.filter((_, at) => at % used.length === i))]);
      return [
        {
          dev,
          summary: `${dev} has ${queues.length} send queues that CPUs use at random, each waiting for the other's lock`,
          evidence: [
            { what: 'sent', value: sent, unit: 'packets/s' },
            { what: 'send queues', value: queues.length },
            { what: 'CPUs', value: cpus.length },
          ],
          proposals: [{ dev, setting: 'queues.xps_cpus', value: Object.fromEntries(each) }],
          expected: 'each CPU sends through a queue of its own',
          risk: 'packets of a program that moves to another CPU may overtake each other once',
          metric: `throughput:${dev}`,
          weight: 1,
        },
      ];
    });
  },
};
