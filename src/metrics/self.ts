// SPDX-License-Identifier: Apache-2.0
import type { Family, MetricType } from './exposition.ts';

const family = (type: MetricType, name: string, labels: readonly string[], help: string): Family => ({
  name,
  help,
  type,
  labels,
});

/** What the scrape tells about itself. Not a collector: these are written by whoever runs the collectors. */
export const SELF = {
  duration: family(
    'gauge',
    'node_scrape_collector_duration_seconds',
    ['collector'],
    'Time that the collector took.',
  ),
  success: family(
    'gauge',
    'node_scrape_collector_success',
    ['collector'],
    'Value is 1 if the collector succeeded, 0 if it failed or had no data.',
  ),
  build: family(
    'gauge',
    'weir_build_info',
    ['version', 'runtime'],
    'Version of the agent and of Node.js; value is always 1.',
  ),
  dropped: family(
    'counter',
    'weir_exposition_dropped_series_total',
    ['family'],
    'Samples left out because their family had spent its budget of series.',
  ),
  vanished: family(
    'counter',
    'weir_scrape_vanished_devices_total',
    [],
    'Devices that went away during a scrape and were left out.',
  ),
  devices: family('gauge', 'weir_snapshot_devices', [], 'Devices in the snapshot.'),
  current: family(
    'gauge',
    'weir_snapshot_current',
    [],
    'Value is 1 while the snapshot is whole and follows events.',
  ),
  synchronisations: family(
    'counter',
    'weir_snapshot_synchronisations_total',
    [],
    'Full dumps of the kernel.',
  ),
  overruns: family(
    'counter',
    'weir_snapshot_overruns_total',
    [],
    'Times that the kernel dropped events because they were not read fast enough.',
  ),
} as const satisfies Record<string, Family>;
