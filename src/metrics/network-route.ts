// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import { DEFAULT_BUDGET, type Exposition, type Family } from './exposition.ts';

const INFO: Family = {
  name: 'node_network_route_info',
  help: 'A unicast route, or one hop of it; value is always 1.',
  type: 'gauge',
  labels: ['device', 'src', 'dest', 'gw', 'priority', 'proto', 'weight'],
};
const ROUTES: Family = {
  name: 'node_network_routes',
  help: 'Unicast routes over the device; each hop of a multipath route counts.',
  type: 'gauge',
  labels: ['device'],
};

/** Unicast routes of all tables. A full Internet table costs one budget of series and no memory. */
export const networkRoute: Collector = {
  name: 'network_route',
  enabledByDefault: false,
  scope: 'netns',
  families: [INFO, ROUTES],
  collect: collectRoutes,
};

async function collectRoutes(source: Source, out: Exposition): Promise<void> {
  const info = out.family(INFO);
  const perDevice = new Map<string, number>();
  const seen = new Set<string>();
  await source.routes(
    (route) => {
      const { device, src, dest, gw, priority, proto, weight } = route;
      const labels = [device, src, dest, gw, priority, proto, weight];
      if (isNew(seen, labels.join())) info.add(labels, 1);
      perDevice.set(device, (perDevice.get(device) ?? 0) + 1);
    },
    () => perDevice.clear(),
  );
  for (const [device, routes] of perDevice) out.family(ROUTES).add([device], routes);
}

/** The labels do not tell tables apart, so equal routes of two tables are one series. Remembers no more than a budget. */
function isNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false;
  if (seen.size < DEFAULT_BUDGET) seen.add(key);
  return true;
}
