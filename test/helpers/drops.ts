// SPDX-License-Identifier: Apache-2.0
import type { DropRow } from '../../src/model/drop.ts';
import { dropRows, readDrops } from '../../src/observe/telemetry/drops.ts';
import type { TelemetryMaps } from '../../src/observe/telemetry/telemetry.ts';
import type { TestNetns } from './netns.ts';

/** What was dropped in a namespace, by its counters in the kernel. */
export async function dropsIn(ns: TestNetns, telemetry: TelemetryMaps): Promise<readonly DropRow[]> {
  const links = JSON.parse(ns.ip('-j', 'link')) as { ifindex: number; ifname: string }[];
  const names = new Map(links.map(({ ifindex, ifname }) => [ifindex, ifname]));
  const place = { netns: ns.name, deviceName: (ifindex: number) => names.get(ifindex) };
  return dropRows(await readDrops(telemetry), ns.inode, place);
}
