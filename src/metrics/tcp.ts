// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { labelBytes } from './labels.ts';
import type { TcpCounts } from './telemetry-rows.ts';

const LABELS = ['device', 'peer_group'];

const counter = (name: string, help: string, labels: readonly string[]): Family => ({
  name: `weir_tcp_${name}_total`,
  help,
  type: 'counter',
  labels,
  budget: 10_000,
});

const histogram = (name: string, help: string): Family => ({
  name: `weir_tcp_${name}_seconds`,
  help,
  type: 'histogram',
  labels: LABELS,
  budget: 30_000,
});

const RETRANSMITS = counter('retransmits', 'TCP segments that were sent again.', LABELS);
const RESETS_SENT = counter('resets_sent', 'TCP resets sent, by the reason that the kernel gives.', [
  'device',
  'reason',
]);
const RESETS_RECEIVED = counter('resets_received', 'TCP resets that ended a connection.', LABELS);
const CONNECTIONS = counter(
  'connections',
  'TCP connections that were opened from here or from the peer, that failed to open, that were closed.',
  [...LABELS, 'event'],
);
const CONNECT = histogram(
  'connect',
  'Time from the first SYN to the answer, of connections opened from here.',
);
const RTT = histogram('rtt', 'Smoothed round trip time at received segments. Estimated from samples.');

/** TCP by device and group of peers, from the eBPF telemetry `tcp`. */
export const tcp: Collector = {
  name: 'tcp',
  enabledByDefault: true,
  scope: 'netns',
  families: [RETRANSMITS, RESETS_SENT, RESETS_RECEIVED, CONNECTIONS, CONNECT, RTT],
  collect: collectTcp,
};

async function collectTcp(source: Source, out: Exposition): Promise<void> {
  const { devices, resetsSent } = await source.tcp();
  for (const row of devices) {
    await out.breathe();
    write(source, out, row);
  }
  for (const { device, reason, count } of resetsSent) out.family(RESETS_SENT).add([device, reason], count);
}

function write({ netns }: Source, out: Exposition, row: TcpCounts): void {
  const values = [row.device, row.peerGroup];
  const labels = labelBytes(netns, LABELS, values);
  out.family(RETRANSMITS).sample(labels, row.retransmits);
  out.family(RESETS_RECEIVED).sample(labels, row.resetsReceived);
  for (const [event, count] of row.events) out.family(CONNECTIONS).add([...values, event], count);
  out.family(CONNECT).histogram(labels, row.connect);
  out.family(RTT).histogram(labels, row.rtt);
}
