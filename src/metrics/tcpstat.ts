// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';

const STATES: Family = {
  name: 'node_tcp_connection_states',
  help: 'TCP sockets by state; rx_queued_bytes and tx_queued_bytes are the bytes in their queues.',
  type: 'gauge',
  labels: ['state'],
};

/** TCP sockets by state, IPv4 and IPv6 added. */
export const tcpstat: Collector = {
  name: 'tcpstat',
  enabledByDefault: false,
  scope: 'netns',
  families: [STATES],
  collect: collectTcpstat,
};

async function collectTcpstat(source: Source, out: Exposition): Promise<void> {
  const { states, rxQueuedBytes, txQueuedBytes } = await source.tcpStates();
  const writer = out.family(STATES);
  for (const [state, sockets] of states) writer.add([state], sockets);
  writer.add(['tx_queued_bytes'], txQueuedBytes);
  writer.add(['rx_queued_bytes'], rxQueuedBytes);
}
