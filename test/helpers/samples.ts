// SPDX-License-Identifier: Apache-2.0
// Recorded samples for rules: a quiet node of two CPUs and one device, with what a test changes.
import type { LinkSample, Sample } from '../../src/tuning/advice/sample.ts';
import { Window } from '../../src/tuning/advice/window.ts';

export const QUIET_LINK: LinkSample = {
  ifindex: 2,
  dev: 'eth0',
  hardware: true,
  up: true,
  mtu: 1500,
  txqlen: 1000,
  counters: {
    rx_packets: 0,
    tx_packets: 0,
    rx_bytes: 0,
    tx_bytes: 0,
    rx_dropped: 0,
    tx_dropped: 0,
    rx_fifo_errors: 0,
    rx_missed_errors: 0,
    rx_over_errors: 0,
  },
  settings: {},
  irqs: [],
};

const cpu = (number: number) => ({
  cpu: number,
  softirq: 0,
  idle: 0,
  total: 0,
  processed: 0,
  dropped: 0,
  squeezed: 0,
});

export const QUIET: Sample = {
  at: 0,
  netns: '',
  initial: true,
  cpus: [cpu(0), cpu(1)],
  snmp: new Map(),
  sockets: new Map(),
  tcp: { established: 0, rtt: 0, busiest: [], listeners: [], stuck: [] },
  links: [QUIET_LINK],
  qdiscs: [],
  neighbours: [],
  sysctls: new Map(),
};

/** CPUs after a second of 100 jiffies. */
export function cpus(...uses: readonly Partial<Sample['cpus'][number]>[]): Sample['cpus'] {
  return uses.map((use, i) => ({ ...cpu(i), idle: 100, total: 100, ...use }));
}

/** A device with counters and settings. */
export function link(
  counters: Partial<LinkSample['counters']>,
  more: Partial<Omit<LinkSample, 'counters'>> = {},
): LinkSample {
  return { ...QUIET_LINK, ...more, counters: { ...QUIET_LINK.counters, ...counters } };
}

/** A second that begins quietly (but for `before`) and ends like this. */
export function second(after: Partial<Sample>, before: Partial<Sample> = {}): Window {
  const zero = new Map([...(after.snmp ?? new Map()).keys()].map((name) => [name, 0]));
  return new Window({ ...QUIET, snmp: zero, ...before }, { ...QUIET, ...after, at: 1000 });
}
