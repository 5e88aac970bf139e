// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';

const PACKETS: Family = {
  name: 'weir_drops_packets_total',
  help: 'Packets that the kernel dropped, by its reason and the function that dropped them.',
  type: 'counter',
  labels: ['reason', 'device', 'protocol', 'location'],
  budget: 5000,
};

const LOST: Family = {
  name: 'weir_drops_lost_total',
  help: 'Dropped packets that are not in weir_drops_packets_total: there were too many kinds of them.',
  type: 'counter',
  labels: [],
};

/** Why packets are lost, from the eBPF telemetry of the same name. */
export const drops: Collector = {
  name: 'drops',
  enabledByDefault: true,
  scope: 'netns',
  families: [PACKETS, LOST],
  collect: collectDrops,
};

async function collectDrops(source: Source, out: Exposition): Promise<void> {
  const { rows, lost } = await source.drops();
  const sums = new Map<string, { readonly labels: readonly string[]; packets: number }>();
  for (const { reason, device, protocol, location, packets } of rows) {
    const labels = [reason, device, protocol, location];
    const id = JSON.stringify(labels);
    const before = sums.get(id)?.packets ?? 0;
    sums.set(id, { labels, packets: before + packets });
  }
  for (const { labels, packets } of sums.values()) out.family(PACKETS).add(labels, packets);
  // the table is the machine's: it is counted once
  if (source.netns === '') out.family(LOST).add([], lost);
}
