// SPDX-License-Identifier: Apache-2.0
import { hex } from '../../base/bytes.ts';
import type { DroppedPacket } from '../../model/drop.ts';
import { recordsAfter, wallClockOffset } from '../../observe/telemetry/drop-records.ts';
import { type DropPlace, dropKind } from '../../observe/telemetry/drops.ts';
import type { TelemetryMaps } from '../../observe/telemetry/telemetry.ts';
import type { DropRecord } from '../../programs/generated/drops.ts';

/** A record of the flight recorder in words. */
export interface SeenPacket {
  readonly record: DropRecord;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly kind: ReturnType<typeof dropKind>;
}

export type PacketFilter = (kind: SeenPacket['kind']) => boolean;

/** Records after one and up to another, in words, as far as they fit the filter. */
export async function* seenPackets(
  telemetry: TelemetryMaps,
  placeOf: (inode: number) => DropPlace,
  fits: PacketFilter,
  range: { readonly after: number; readonly last: number },
): AsyncGenerator<readonly SeenPacket[], void> {
  const offset = wallClockOffset();
  const { dropReasons: reasons, symbols } = telemetry;
  for await (const records of recordsAfter(telemetry, range.after, range.last)) {
    const locations = await symbols.names(new Set(records.map(({ location }) => location)));
    const packets = records.map((record) => ({
      record,
      time: record.time + offset,
      kind: dropKind(record, placeOf(record.netns), { locations, reasons }),
    }));
    yield packets.filter(({ kind }) => fits(kind));
  }
}

const NS_PER_S = 1_000_000_000n;

/** Nanoseconds since the epoch as RFC 3339 writes them. */
export function timeText(time: bigint): string {
  const seconds = new Date(Number(time / NS_PER_S) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(time % NS_PER_S).padStart(9, '0')}Z`;
}

/** What the API tells of a packet. */
export function droppedPacket({ record, time, kind }: SeenPacket): DroppedPacket {
  return {
    sequence: Number(record.sequence),
    time: timeText(time),
    ...kind,
    length: record.length,
    link: record.ethernet === 1 ? 'ethernet' : 'raw',
    data: hex(record.data.subarray(0, record.captured)),
  };
}
