// SPDX-License-Identifier: Apache-2.0
import { bounded } from '../../knobs.ts';
import type { Rule } from '../rule.ts';
import { sum } from '../window.ts';

const BACKLOG = 'net.core.netdev_max_backlog';

/** Packets that were steered to a CPU whose backlog was full (net/core/dev.c enqueue_to_backlog()). */
export const SOFTNET_DROPS: Rule = {
  name: 'softnet-drops',
  about: 'packets are dropped since the backlog of a CPU is full',
  node: true,
  sysctls: [BACKLOG],
  judge(window) {
    const { cpus } = window;
    const dropped = sum(cpus.map((cpu) => cpu.dropped));
    const limit = window.sysctl(BACKLOG) ?? 1000;
    if (dropped === 0) return [];
    const worst = cpus.toSorted((a, b) => b.dropped - a.dropped)[0];
    return [
      {
        summary: 'Packets are dropped before the stack sees them: the backlog of a CPU is full',
        evidence: [
          { what: 'softnet dropped', value: window.rate(dropped), unit: 'packets/s' },
          { what: 'worst CPU', value: worst?.cpu ?? 0 },
          { what: BACKLOG, value: limit },
        ],
        proposals: [{ sysctl: BACKLOG, value: bounded(BACKLOG, limit * 2) }],
        expected: 'bursts wait instead of being dropped; a CPU that is overloaded all the time still drops',
        risk: 'packets may wait longer, and take memory meanwhile',
        metric: 'softnet_drops',
        weight: 3,
      },
    ];
  },
};
