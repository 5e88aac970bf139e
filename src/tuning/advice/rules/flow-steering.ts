// SPDX-License-Identifier: Apache-2.0
import type { Rule } from '../rule.ts';
import { sum } from '../window.ts';

const ENTRIES = 'net.core.rps_sock_flow_entries';
const LEAST_RATE = 1000;
const FLOWS = 32_768;

/** Packets that go to a CPU by chance instead of to where they are read (Documentation/networking/scaling.rst RFS). */
export const FLOW_STEERING: Rule = {
  name: 'flow-steering',
  about: 'packets are spread over CPUs, but not to those where they are read',
  node: true,
  sysctls: [ENTRIES],
  judge(window) {
    if (window.sysctl(ENTRIES) !== 0) return [];
    return window.after.links.flatMap((link) => {
      const { dev } = link;
      const queues = (link.settings['queues'] ?? {}) as { rps_cpus?: object; rps_flow_cnt?: object };
      const masks = Object.values(queues.rps_cpus ?? {});
      const flows = sum(Object.values(queues.rps_flow_cnt ?? {}).map(Number));
      const received = window.rate(window.link(link, 'rx_packets'));
      if (!masks.some((mask) => mask !== '0') || flows > 0 || received < LEAST_RATE) return [];
      return [
        {
          dev,
          summary: `Packets of ${dev} are spread over CPUs without regard to where programs read them`,
          evidence: [
            { what: 'received', value: received, unit: 'packets/s' },
            { what: 'rps_cpus', value: masks.join(' ') },
            { what: ENTRIES, value: 0 },
          ],
          proposals: [
            { sysctl: ENTRIES, value: FLOWS },
            { dev, setting: 'queues.rps_flow_cnt', value: FLOWS / Math.max(1, masks.length) },
          ],
          expected: 'data is in the cache of the CPU that reads it',
          risk: 'a few hundred KiB of memory; a router that reads nothing itself gains nothing',
          metric: `throughput:${dev}`,
          weight: 1,
        },
      ];
    });
  },
};
