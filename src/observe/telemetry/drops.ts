// SPDX-License-Identifier: Apache-2.0
import { wireOf } from '../../base/wire.ts';
import type { DropRow } from '../../model/drop.ts';
import { networkName, protocolName } from '../../model/names/packet-protocols.ts';
import { dropReason } from '../../programs/drop-reasons.ts';
import {
  type DropKey,
  type DropTotals,
  decodeDropCount,
  decodeDropKey,
  decodeDropTotals,
} from '../../programs/generated/drops.ts';
import { type ByNamespace, rowsByNamespace, sum } from './entries.ts';
import { mapOf, type TelemetryMaps } from './telemetry.ts';

/** The counters as they stand in the kernel. */
export interface DropTable {
  readonly entries: ByNamespace<DropEntry>;
  /** Functions of the kernel by address; '' for one that is not known. */
  readonly locations: ReadonlyMap<bigint, string>;
  readonly reasons: ReadonlyMap<number, string>;
  /** Packets that were not counted since the table was full. */
  readonly lost: number;
}

/** One key of the counters. */
export interface DropEntry {
  readonly key: DropKey;
  readonly packets: number;
  readonly unrecorded: number;
}

/** A namespace, as far as what is counted in it can be named. */
export interface DropPlace {
  readonly netns: string;
  deviceName(ifindex: number): string | undefined;
}

const DECODE = { key: decodeDropKey, value: decodeDropCount };

/** @throws {WeirError} `NO_DATA` where the program does not run. */
export async function readDrops(telemetry: TelemetryMaps): Promise<DropTable> {
  const entries = rowsByNamespace(mapOf(telemetry, 'drops', 'drop_counts'), DECODE, (key, values) => ({
    key,
    packets: sum(values, ({ packets }) => packets),
    unrecorded: sum(values, ({ unrecorded }) => unrecorded),
  }));
  const addresses = [...entries.values()].flatMap((rows) => rows.map(({ key }) => key.location));
  return {
    entries,
    locations: await telemetry.symbols.names(addresses),
    reasons: telemetry.dropReasons,
    lost: Number(dropTotals(telemetry).lost),
  };
}

/** What is counted of the program itself. @throws {WeirError} `NO_DATA` where the program does not run. */
export function dropTotals(telemetry: TelemetryMaps): DropTotals {
  const value = mapOf(telemetry, 'drops', 'drop_totals').lookup(new Uint8Array(4)) as Uint8Array;
  return decodeDropTotals(wireOf(value), 0);
}

/** What a dropped packet is known by, in words. */
export function dropKind(
  key: Pick<DropKey, 'ifindex' | 'location' | 'reason' | 'protocol' | 'l4'>,
  { netns, deviceName }: DropPlace,
  { locations, reasons }: Pick<DropTable, 'locations' | 'reasons'>,
): Omit<DropRow, 'packets' | 'unrecorded'> {
  const location = locations.get(key.location) ?? '';
  return {
    netns,
    device: deviceName(key.ifindex) ?? '',
    reason: dropReason(reasons, key.reason, location),
    network: networkName(key.protocol),
    protocol: protocolName(key.protocol, key.l4),
    location,
  };
}

/** Rows of one namespace in words; those that say the same are added up. */
export function dropRows(table: DropTable, inode: number, place: DropPlace): readonly DropRow[] {
  const rows = new Map<string, DropRow>();
  for (const { key, ...counts } of table.entries.get(inode) ?? []) {
    const kind = dropKind(key, place, table);
    const id = JSON.stringify(kind);
    const { packets, unrecorded } = rows.get(id) ?? { packets: 0, unrecorded: 0 };
    rows.set(id, {
      ...kind,
      packets: packets + counts.packets,
      unrecorded: unrecorded + counts.unrecorded,
    });
  }
  return [...rows.values()];
}
