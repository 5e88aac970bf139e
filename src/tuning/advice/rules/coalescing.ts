// SPDX-License-Identifier: Apache-2.0
import type { Finding, Rule } from '../rule.ts';
import type { LinkSample } from '../sample.ts';
import type { Window } from '../window.ts';

interface Coalesce {
  readonly rx_usecs?: number;
  readonly adaptive_rx?: boolean;
}

/** A wait that a small load need not have. */
const LONG_USECS = 60;
const SMALL_RATE = 5000;
/** Interrupts per second that keep a CPU from other work. */
const MANY_INTERRUPTS = 50_000;
/** Packets that come with one interrupt. */
const FEW_PACKETS = 2;

/** How long a device waits before it interrupts, against how much it receives. */
export const COALESCING: Rule = {
  name: 'coalescing',
  about: 'a device waits long with little load, or interrupts for each frame at a high one',
  sysctls: [],
  judge: (window) => window.after.links.flatMap((link) => judge(window, link)),
};

function judge(window: Window, link: LinkSample): readonly Finding[] {
  const { rx_usecs: usecs, adaptive_rx: adaptive = false } = (link.settings['coalesce'] ?? {}) as Coalesce;
  if (usecs === undefined || adaptive) return [];
  const packets = window.rate(window.link(link, 'rx_packets'));
  const interrupts = window.rate(interruptsOf(window, link));
  const { dev } = link;
  const evidence = [
    { what: 'received', value: packets, unit: 'packets/s' },
    { what: 'interrupts', value: interrupts, unit: 'per s' },
    { what: 'rx_usecs', value: usecs, unit: 'us' },
  ];
  if (usecs >= LONG_USECS && packets > 10 && packets < SMALL_RATE)
    return [
      {
        dev,
        summary: `${dev} waits ${usecs} us before it interrupts, and little comes meanwhile`,
        evidence,
        proposals: [{ dev, setting: 'coalesce.rx_usecs', value: 8 }],
        expected: `answers are up to ${usecs - 8} us earlier`,
        risk: 'more interrupts when the load grows',
        metric: 'rtt',
        weight: 1,
      },
    ];
  if (interrupts < MANY_INTERRUPTS || packets > interrupts * FEW_PACKETS) return [];
  return [
    {
      dev,
      summary: `${dev} interrupts for every packet or two`,
      evidence,
      proposals: [{ dev, setting: 'coalesce.rx_usecs', value: Math.max(25, usecs * 2) }],
      expected: 'several packets for each interrupt, and more time for programs',
      risk: 'a packet waits up to as long as that',
      metric: 'softirq',
      weight: 2,
    },
  ];
}

function interruptsOf(window: Window, { ifindex, irqs }: LinkSample): number {
  const past = window.before.links.find((one) => one.ifindex === ifindex)?.irqs ?? [];
  return irqs.reduce((total, { irq, counts }) => {
    const before = past.find((one) => one.irq === irq)?.counts ?? counts;
    return (
      total + counts.reduce((grown, count, cpu) => grown + Math.max(0, count - (before[cpu] ?? count)), 0)
    );
  }, 0);
}
