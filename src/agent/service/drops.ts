// SPDX-License-Identifier: Apache-2.0
import type { DropsService } from '../../api/drops-service.ts';
import type { DropQuery } from '../../api/schemas/drops.ts';
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { NamespaceSet } from '../../observe/namespace-set.ts';
import { lastRecord } from '../../observe/telemetry/drop-records.ts';
import { type DropPlace, dropRows, readDrops } from '../../observe/telemetry/drops.ts';
import type { TelemetryMaps } from '../../observe/telemetry/telemetry.ts';
import { dropCapture } from './drop-capture.ts';
import { DropFeed } from './drop-feed.ts';
import { droppedPacket, type PacketFilter, seenPackets } from './drop-packets.ts';
import { requireNamespace, requireThisNode } from './service.ts';

/** What the use cases of drops stand on. */
export interface DropsParts {
  readonly telemetry: TelemetryMaps;
  readonly namespaces: NamespaceSet;
  readonly clock: Clock;
  readonly version: string;
}

/** Why packets are lost, on the node that the agent runs on. */
export function createDropsService({ telemetry, namespaces, clock, version }: DropsParts): DropsService {
  const placeOf = (inode: number) => placeIn(namespaces, inode);
  const read = (fits: PacketFilter, after = 0) =>
    seenPackets(telemetry, placeOf, fits, { after, last: lastRecord(telemetry) });
  const filter = (query: DropQuery) => filterOf(query, namespaces, telemetry.dropReasons);
  const feed = new DropFeed(telemetry, (range) => seenPackets(telemetry, placeOf, () => true, range));
  return {
    async drops(target, query) {
      requireThisNode(target);
      const fits = filter(query);
      const timestamp = clock.now();
      const table = await readDrops(telemetry);
      const rows = [...table.entries.keys()].flatMap((inode) => dropRows(table, inode, placeOf(inode)));
      const items = rows.filter(fits).sort((a, b) => b.packets - a.packets);
      return { timestamp, lost: table.lost, items };
    },
    async *droppedPackets(target, query) {
      requireThisNode(target);
      for await (const packets of read(filter(query)))
        yield packets.map((packet) => JSON.stringify(droppedPacket(packet)));
    },
    async *dropCapture(target, query) {
      requireThisNode(target);
      yield* dropCapture(read(filter(query)), version);
    },
    async followDrops(target, query, after, deliver) {
      requireThisNode(target);
      return feed.follow({ fits: filter(query), deliver }, sequenceOf(after));
    },
  };
}

/** A namespace by its inode, also one that is not watched. */
function placeIn(namespaces: NamespaceSet, inode: number): DropPlace {
  const found = namespaces.all().find((namespace) => namespace.inode === inode);
  if (found === undefined)
    return { netns: inode === 0 ? '?' : `net:[${inode}]`, deviceName: () => undefined };
  return { netns: found.name, deviceName: (ifindex) => found.snapshot.linkName(ifindex) };
}

/** What the kernel does not call a reason, and Weir does. */
const OWN_REASONS = ['unknown', 'XDP'];

function filterOf(
  { netns, device, reason }: DropQuery,
  namespaces: NamespaceSet,
  known: ReadonlyMap<number, string>,
): PacketFilter {
  if (netns !== undefined) requireNamespace(namespaces, netns);
  const names = [...known.values(), ...OWN_REASONS];
  // those of subsystems have numbers
  const strange = reason?.find((name) => !names.includes(name) && !name.includes('/'));
  if (strange !== undefined)
    throw new WeirError('VALUE', {
      what: `drop reason "${strange}"`,
      problem: `is not known to this kernel${didYouMean(strange.toUpperCase(), names)}`,
    });
  return (kind) =>
    (netns === undefined || kind.netns === netns) &&
    (device === undefined || kind.device === device) &&
    (reason === undefined || reason.includes(kind.reason));
}

/** Of an event's id; what is none counts as absent. */
function sequenceOf(id: string | undefined): number | undefined {
  return id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}
