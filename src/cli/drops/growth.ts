// SPDX-License-Identifier: Apache-2.0
import type { DropReport } from '../../api/schemas/drops.ts';
import type { DropRow } from '../../model/drop.ts';

/** A kind of drops, and how it grew since the look before. */
export interface DropGrowth extends DropRow {
  /** Packets that are new. */
  readonly grown: number;
  /** New packets a second. */
  readonly rate: number;
}

/** What grew between two reports, fastest first, then what has most packets. Without one before nothing did. */
export function dropGrowth(before: DropReport | undefined, now: DropReport): readonly DropGrowth[] {
  const seconds = before === undefined ? 0 : (now.timestamp - before.timestamp) / 1000;
  const counts = new Map(before?.items.map((row) => [keyOf(row), row.packets]));
  const rows = now.items.map((row) => {
    const grown = before === undefined ? 0 : grownBy(row.packets, counts.get(keyOf(row)) ?? 0);
    return { ...row, grown, rate: seconds > 0 ? grown / seconds : 0 };
  });
  return rows.sort((a, b) => b.rate - a.rate || b.packets - a.packets);
}

/** Counters that went back began anew. */
function grownBy(now: number, before: number): number {
  return now >= before ? now - before : now;
}

function keyOf({ packets, unrecorded, ...kind }: DropRow): string {
  return Object.values(kind).join('\n');
}
