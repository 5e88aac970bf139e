// SPDX-License-Identifier: Apache-2.0
import {
  type Collector,
  LINK_STATS64_FIELDS,
  type LinkRow,
  type LinkStats,
  type Source,
} from './collector.ts';
import type { Exposition, Family } from './exposition.ts';

type Field = (typeof LINK_STATS64_FIELDS)[number];

/** One counter as the sum of fields of rtnl_link_stats64, as /proc/net/dev adds them up (net/core/net-procfs.c). */
interface Counter extends Family {
  readonly fields: readonly number[];
}

const counter = (name: string, help: string, ...fields: readonly Field[]): Counter => ({
  name: `node_network_${name}_total`,
  help,
  type: 'counter',
  labels: ['device'],
  fields: fields.map((field) => LINK_STATS64_FIELDS.indexOf(field)),
});

const COUNTERS: readonly Counter[] = [
  counter('receive_bytes', 'Bytes received by the device.', 'rx_bytes'),
  counter('receive_packets', 'Packets received by the device.', 'rx_packets'),
  counter('receive_errs', 'Bad packets received by the device.', 'rx_errors'),
  counter(
    'receive_drop',
    'Received packets dropped, missed ones included.',
    'rx_dropped',
    'rx_missed_errors',
  ),
  counter('receive_fifo', 'Receive FIFO overruns.', 'rx_fifo_errors'),
  counter(
    'receive_frame',
    'Received packets with frame, length, overrun or CRC errors.',
    'rx_frame_errors',
    'rx_length_errors',
    'rx_over_errors',
    'rx_crc_errors',
  ),
  counter('receive_compressed', 'Compressed packets received.', 'rx_compressed'),
  counter('receive_multicast', 'Multicast packets received.', 'multicast'),
  counter('receive_nohandler', 'Packets received on an inactive device.', 'rx_nohandler'),
  counter('transmit_bytes', 'Bytes sent by the device.', 'tx_bytes'),
  counter('transmit_packets', 'Packets sent by the device.', 'tx_packets'),
  counter('transmit_errs', 'Transmit problems.', 'tx_errors'),
  counter('transmit_drop', 'Packets dropped on their way out.', 'tx_dropped'),
  counter('transmit_fifo', 'Transmit FIFO errors.', 'tx_fifo_errors'),
  counter('transmit_colls', 'Collisions.', 'collisions'),
  counter(
    'transmit_carrier',
    'Frames lost to carrier, abort, heartbeat or window errors.',
    'tx_carrier_errors',
    'tx_aborted_errors',
    'tx_heartbeat_errors',
    'tx_window_errors',
  ),
  counter('transmit_compressed', 'Compressed packets sent.', 'tx_compressed'),
];

/** Counters of every device, from rtnl_link_stats64. */
export const netdev: Collector = {
  name: 'netdev',
  enabledByDefault: true,
  scope: 'netns',
  families: COUNTERS,
  collect: collectNetdev,
};

async function collectNetdev(source: Source, out: Exposition): Promise<void> {
  const links = source.links();
  const stats = await source.linkStats();
  const rows = new Int32Array(links.length);
  for (const [i, { link }] of links.entries()) rows[i] = stats.row(link.ifindex) ?? -1;
  source.vanished(rows.reduce((gone, row) => (row < 0 ? gone + 1 : gone), 0));
  for (const family of COUNTERS) {
    writeCounter(family, links, rows, stats, out);
    await out.breathe();
  }
}

function writeCounter(
  family: Counter,
  links: readonly LinkRow[],
  rows: Int32Array,
  stats: LinkStats,
  out: Exposition,
): void {
  const writer = out.family(family);
  const { fields } = family;
  const single = fields.length === 1 ? (fields[0] as number) : -1;
  for (let i = 0; i < links.length; i++) {
    const row = rows[i] as number;
    if (row < 0) continue;
    const base = row * LINK_STATS64_FIELDS.length;
    const { labels } = links[i] as LinkRow;
    if (single >= 0)
      writer.sampleU64(labels, stats.lo[base + single] as number, stats.hi[base + single] as number);
    else {
      const [lo, hi] = sum(stats, base, fields);
      writer.sampleU64(labels, lo, hi);
    }
  }
}

/** Sum modulo 2^64, in halves. */
function sum(stats: LinkStats, base: number, fields: readonly number[]): readonly [lo: number, hi: number] {
  let lo = 0;
  let hi = 0;
  for (const field of fields) {
    const total = lo + (stats.lo[base + field] as number);
    lo = total >>> 0;
    hi = (hi + (stats.hi[base + field] as number) + (total > lo ? 1 : 0)) >>> 0;
  }
  return [lo, hi];
}
