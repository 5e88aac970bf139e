// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family, MetricType } from './exposition.ts';
import { WordScanner } from './word-scanner.ts';

interface Column extends Family {
  readonly column: number;
}

const column = (at: number, name: string, help: string, type: MetricType = 'counter'): Column => ({
  name: `node_softnet_${name}`,
  help,
  type,
  labels: ['cpu'],
  column: at,
});

/** Columns of net/core/net-procfs.c softnet_seq_show(); older kernels have fewer. */
const COLUMNS: readonly Column[] = [
  column(0, 'processed_total', 'Packets processed.'),
  column(1, 'dropped_total', 'Packets dropped because the backlog was full.'),
  column(2, 'times_squeezed_total', 'Times that processing ran out of budget or time.'),
  column(8, 'cpu_collision_total', 'Collisions over the transmit lock of a device.'),
  column(9, 'received_rps_total', 'Times that another CPU was woken to process packets.'),
  column(10, 'flow_limit_count_total', 'Times that the flow limit was reached.'),
  column(11, 'backlog_len', 'Packets in the backlog.', 'gauge'),
];

const CPU_COLUMN = 12;

/** Packet processing by CPU, from /proc/net/softnet_stat. */
export const softnet: Collector = {
  name: 'softnet',
  enabledByDefault: true,
  scope: 'node',
  families: COLUMNS,
  collect: collectSoftnet,
};

async function collectSoftnet(source: Source, out: Exposition): Promise<void> {
  const scanner = new WordScanner(await source.proc('net/softnet_stat'), 'net/softnet_stat');
  for (let line = 0; scanner.nextLine(); line++) {
    const numbers: number[] = [];
    for (const word of scanner.rest()) numbers.push(Number.parseInt(word, 16));
    const cpu = String(numbers[CPU_COLUMN] ?? line);
    for (const family of COLUMNS) {
      const value = numbers[family.column];
      if (value !== undefined) out.family(family).add([cpu], value);
    }
  }
}
