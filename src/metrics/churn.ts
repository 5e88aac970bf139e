// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';

const FAILURES: Family = {
  name: 'weir_neighbour_failures_total',
  help: 'Neighbours that did not answer and were given up.',
  type: 'counter',
  labels: ['device', 'family'],
  budget: 5000,
};

const CHANGES: Family = {
  name: 'weir_network_changes_total',
  help: 'Changes that the kernel announced. Of routes, rules, nexthops and deleted links the device is empty.',
  type: 'counter',
  labels: ['device', 'object', 'change'],
  budget: 10_000,
};

const CARRIER: Family = {
  name: 'weir_network_carrier_changed_timestamp_seconds',
  help: 'When the carrier of the device last changed; absent until it does while the agent looks.',
  type: 'gauge',
  labels: ['device'],
  budget: 5000,
};

/** How much the network changes, from the eBPF telemetry of the same name and from events. */
export const churn: Collector = {
  name: 'churn',
  enabledByDefault: true,
  scope: 'netns',
  families: [FAILURES, CHANGES, CARRIER],
  collect: collectChurn,
};

async function collectChurn(source: Source, out: Exposition): Promise<void> {
  for (const { link, carrierChanged } of source.links())
    if (carrierChanged !== undefined) out.family(CARRIER).add([link.ifname], carrierChanged / 1000);
  const { failures, changes } = await source.churn();
  for (const row of failures) out.family(FAILURES).add([row.device, row.family], row.failures);
  for (const { device, object, change, count } of changes)
    out.family(CHANGES).add([device, object, change], count);
}
