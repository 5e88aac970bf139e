// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { labelBytes } from './labels.ts';

const LABELS = ['device', 'direction'];

const SIZES: Family = {
  name: 'weir_packet_size_bytes',
  help: 'Sizes of packets on the device with their link-layer header, before segmentation and after merging. Estimated from samples, with `telemetry.enable: [flows]`.',
  type: 'histogram',
  labels: LABELS,
  budget: 14_000,
};
const PROTOCOLS: Family = {
  name: 'weir_packets_by_protocol_total',
  help: 'Packets on the device by protocol. Estimated from samples, with `telemetry.enable: [flows]`.',
  type: 'counter',
  labels: [...LABELS, 'protocol'],
  budget: 12_000,
};

/** Packet sizes and protocols by device, from the eBPF telemetry `flows` where it runs always. */
export const flows: Collector = {
  name: 'flows',
  enabledByDefault: true,
  scope: 'netns',
  families: [SIZES, PROTOCOLS],
  collect: collectFlows,
};

async function collectFlows(source: Source, out: Exposition): Promise<void> {
  for (const { device, direction, sizes, protocols } of await source.packets()) {
    await out.breathe();
    out.family(SIZES).histogram(labelBytes(source.netns, LABELS, [device, direction]), sizes);
    for (const [protocol, packets] of protocols)
      out.family(PROTOCOLS).add([device, direction, protocol], packets);
  }
}
