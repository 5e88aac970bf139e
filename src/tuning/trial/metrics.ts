// SPDX-License-Identifier: Apache-2.0
import { didYouMean } from '../../base/suggest.ts';
import type { LinkCounter, LinkSample } from '../advice/sample.ts';
import { sum, type Window } from '../advice/window.ts';

/** Something that a trial measures each second. */
export interface Metric {
  readonly name: string;
  readonly about: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** A difference below it is of no interest. */
  readonly floor: number;
  /** It can be of one device: `throughput:eth0`. */
  readonly perDevice?: true;
  /** It is itself the load, so that a trial may change that. */
  readonly isLoad?: true;
  /** It needs more than counters. */
  readonly sockets?: true;
  value(window: Window, dev: string | undefined): number;
}

const TRAFFIC: readonly LinkCounter[] = ['rx_bytes', 'tx_bytes'];
const LOST: readonly LinkCounter[] = [
  'rx_dropped',
  'tx_dropped',
  'rx_fifo_errors',
  'rx_missed_errors',
  'rx_over_errors',
];
const RING: readonly LinkCounter[] = ['rx_fifo_errors', 'rx_missed_errors', 'rx_over_errors'];

function links({ after }: Window, dev: string | undefined): readonly LinkSample[] {
  return dev === undefined ? after.links : after.links.filter((link) => link.dev === dev);
}

function perSecond(window: Window, dev: string | undefined, counters: readonly LinkCounter[]): number {
  return window.rate(sum(links(window, dev).map((link) => window.link(link, ...counters))));
}

function qdiscDrops(window: Window, dev: string | undefined): number {
  const roots = window.after.qdiscs.filter((one) => one.root && (dev ?? one.dev) === one.dev);
  return window.rate(sum(roots.map((one) => window.qdisc(one, 'drops'))));
}

const counted = (name: string, about: string, ...counters: string[]): Metric => ({
  name,
  about,
  unit: 'per s',
  better: 'lower',
  floor: 0.5,
  value: (window) => window.rate(sum(counters.map((one) => window.snmp(one)))),
});

/** Every metric. A new one is an entry here. */
export const METRICS: readonly Metric[] = [
  {
    name: 'throughput',
    about: 'bytes received and sent',
    unit: 'bytes/s',
    better: 'higher',
    floor: 10_000,
    perDevice: true,
    isLoad: true,
    value: (window, dev) => perSecond(window, dev, TRAFFIC),
  },
  {
    name: 'packets',
    about: 'packets received and sent',
    unit: 'packets/s',
    better: 'higher',
    floor: 10,
    perDevice: true,
    isLoad: true,
    value: (window, dev) => perSecond(window, dev, ['rx_packets', 'tx_packets']),
  },
  {
    name: 'connections',
    about: 'TCP connections opened from here and to here',
    unit: 'connections/s',
    better: 'higher',
    floor: 1,
    isLoad: true,
    value: (window) =>
      window.rate(
        window.snmp('Tcp.ActiveOpens') + window.snmp('Tcp.PassiveOpens') - window.snmp('Tcp.AttemptFails'),
      ),
  },
  {
    name: 'drops',
    about: 'packets lost by devices, queues, UDP buffers and accept queues',
    unit: 'packets/s',
    better: 'lower',
    floor: 1,
    perDevice: true,
    value: (window, dev) =>
      perSecond(window, dev, LOST) +
      qdiscDrops(window, dev) +
      (dev === undefined
        ? window.rate(
            sum(
              ['Udp.RcvbufErrors', 'Udp6.RcvbufErrors', 'TcpExt.ListenDrops'].map((one) => window.snmp(one)),
            ),
          )
        : 0),
  },
  {
    name: 'qdisc_drops',
    about: 'packets that queueing disciplines dropped',
    unit: 'packets/s',
    better: 'lower',
    floor: 1,
    perDevice: true,
    value: qdiscDrops,
  },
  {
    name: 'ring_drops',
    about: 'frames for which a receive ring had no place',
    unit: 'frames/s',
    better: 'lower',
    floor: 1,
    perDevice: true,
    value: (window, dev) => perSecond(window, dev, RING),
  },
  {
    name: 'retransmits',
    about: 'segments that TCP sent again, of a thousand',
    unit: 'per 1000',
    better: 'lower',
    floor: 1,
    value: (window) => (1000 * window.snmp('Tcp.RetransSegs')) / Math.max(1, window.snmp('Tcp.OutSegs')),
  },
  counted('listen_overflows', 'connections that found an accept queue full', 'TcpExt.ListenOverflows'),
  counted('udp_drops', 'datagrams that found a buffer full', 'Udp.RcvbufErrors', 'Udp6.RcvbufErrors'),
  counted('tcp_pruned', 'times that TCP cut a receive queue down', 'TcpExt.PruneCalled', 'TcpExt.RcvPruned'),
  counted('time_wait_overflows', 'connections that skipped TIME-WAIT', 'TcpExt.TCPTimeWaitOverflow'),
  {
    ...counted('softnet_drops', 'packets that found the backlog of a CPU full'),
    value: (window) => window.rate(sum(window.cpus.map(({ dropped }) => dropped))),
  },
  {
    ...counted('softnet_squeezed', 'rounds of receiving that ended with packets left'),
    value: (window) => window.rate(sum(window.cpus.map(({ squeezed }) => squeezed))),
  },
  {
    ...counted('conntrack_drops', 'connections that found no place in the table'),
    value: ({ before, after, seconds }) =>
      Math.max(0, (after.conntrack?.dropped ?? 0) - (before.conntrack?.dropped ?? 0)) / seconds,
  },
  {
    ...counted('neighbour_overflows', 'neighbours that found no place in the table'),
    value: ({ before, after, seconds }) => {
      const total = (of: typeof after) => sum(of.neighbours.map(({ tableFulls }) => tableFulls));
      return Math.max(0, total(after) - total(before)) / seconds;
    },
  },
  {
    name: 'rtt',
    about: 'mean round trip time of TCP connections',
    unit: 'us',
    better: 'lower',
    floor: 20,
    sockets: true,
    value: ({ after }) => after.tcp.rtt,
  },
  {
    name: 'softirq',
    about: 'share of CPU time that packets take before programs see them',
    unit: '%',
    better: 'lower',
    floor: 2,
    value: ({ cpus }) =>
      cpus.length === 0 ? 0 : (100 * sum(cpus.map(({ softirq }) => softirq))) / cpus.length,
  },
  {
    name: 'stuck',
    about: 'connections that move no full-sized segment',
    unit: 'connections',
    better: 'lower',
    floor: 0.5,
    sockets: true,
    value: ({ after }) => after.tcp.stuck.length,
  },
];

/** What no change may make worse, besides the metric of the trial. */
export const GUARDS: readonly string[] = ['throughput', 'drops', 'retransmits', 'listen_overflows'];

/** A metric, and the device that it is of. */
export interface ChosenMetric {
  readonly name: string;
  readonly metric: Metric;
  readonly dev?: string;
}

/** A metric by its name. @returns what is wrong with the name instead. */
export function metricNamed(text: string): ChosenMetric | string {
  const [name = '', dev] = text.split(/:(.*)/);
  const metric = METRICS.find((one) => one.name === name);
  const names = METRICS.map((one) => one.name);
  if (metric === undefined)
    return `there is no metric ${name}${didYouMean(name, names) || `; there are ${names.join(', ')}`}`;
  if (dev === undefined || dev === '') return { name, metric };
  return metric.perDevice ? { name: text, metric, dev } : `${name} is not of a device: write ${name}`;
}
