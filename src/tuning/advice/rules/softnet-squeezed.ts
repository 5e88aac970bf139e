// SPDX-License-Identifier: Apache-2.0
import { bounded } from '../../knobs.ts';
import type { Rule } from '../rule.ts';
import { sum } from '../window.ts';

const BUDGET = 'net.core.netdev_budget';
/** Rounds per second that ran out of budget, below which nobody notices. */
const LEAST_RATE = 10;
/** Busy loads have some thousand packets per round; more often than once in so many is worth a look. */
const PACKETS_PER_SQUEEZE = 10_000;

/** Rounds of receiving that ended with work left (net/core/dev.c net_rx_action()). */
export const SOFTNET_SQUEEZED: Rule = {
  name: 'softnet-squeezed',
  about: 'receiving runs out of budget with packets left',
  node: true,
  sysctls: [BUDGET],
  judge(window) {
    const { cpus } = window;
    const squeezed = sum(cpus.map((cpu) => cpu.squeezed));
    const processed = sum(cpus.map((cpu) => cpu.processed));
    const budget = window.sysctl(BUDGET) ?? 300;
    if (window.rate(squeezed) < LEAST_RATE || processed > squeezed * PACKETS_PER_SQUEEZE) return [];
    return [
      {
        summary: 'Rounds of receiving end with packets left in the devices',
        evidence: [
          { what: 'softnet squeezed', value: window.rate(squeezed), unit: 'rounds/s' },
          { what: 'softnet processed', value: window.rate(processed), unit: 'packets/s' },
          { what: BUDGET, value: budget },
        ],
        proposals: [{ sysctl: BUDGET, value: bounded(BUDGET, budget * 2) }],
        expected: 'fewer rounds, so that rings are emptied before they overflow',
        risk: 'programs on the same CPU wait longer while packets are received',
        metric: 'softnet_squeezed',
        weight: 2,
      },
    ];
  },
};
