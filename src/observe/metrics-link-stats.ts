// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../base/wire.ts';
import { NLA_TYPE_MASK } from '../codec/decode.ts';
import { Encoder } from '../codec/encoder.ts';
import {
  encodeIfStatsMsg,
  IF_STATS_MSG_OFFSET,
  IF_STATS_MSG_SIZE,
  IFLA_STATS_LINK_64,
  RTM_GETSTATS,
} from '../codec/generated/rt-link.ts';
import type { NetlinkTransport } from '../kernel/ports.ts';
import { LINK_STATS64_FIELDS, type LinkStats } from '../metrics/collector.ts';

const FIELDS = LINK_STATS64_FIELDS.length;
const NLA_HDRLEN = 4;

/**
 * Read rtnl_link_stats64 of every device: ten times cheaper for the kernel than a dump of the links with statistics.
 *
 * @param expected How many devices there will be; more are no problem.
 * @see net/core/rtnetlink.c rtnl_stats_dump()
 */
export async function dumpLinkStats(
  transport: NetlinkTransport,
  expected: number,
  signal: AbortSignal,
): Promise<LinkStats> {
  const request = new Encoder(IF_STATS_MSG_SIZE);
  encodeIfStatsMsg(request, { filterMask: 1 << (IFLA_STATS_LINK_64 - 1) });
  const table = new StatsTable(expected);
  await transport.dump(
    { type: RTM_GETSTATS, payload: request.payload(), operation: 'RTM_GETSTATS dump' },
    (wire, start, end) => table.put(wire, start, end),
    { restart: () => table.clear(), signal },
  );
  return table;
}

/** Counters in two growing arrays of halves; fields that an older kernel lacks stay 0. */
class StatsTable implements LinkStats {
  lo: Uint32Array;
  hi: Uint32Array;
  readonly #rows = new Map<number, number>();

  constructor(expected: number) {
    this.lo = new Uint32Array((expected + 1) * FIELDS);
    this.hi = new Uint32Array((expected + 1) * FIELDS);
  }

  row(ifindex: number): number | undefined {
    return this.#rows.get(ifindex);
  }

  clear(): void {
    this.#rows.clear();
    this.lo.fill(0);
    this.hi.fill(0);
  }

  put(wire: Wire, start: number, end: number): void {
    const stats = findAttribute(wire, start + IF_STATS_MSG_SIZE, end, IFLA_STATS_LINK_64);
    if (stats < 0) return;
    const ifindex = wire.view.getUint32(start + IF_STATS_MSG_OFFSET.ifindex, true);
    const row = this.#rows.get(ifindex) ?? this.#rows.size;
    this.#rows.set(ifindex, row);
    if ((row + 1) * FIELDS > this.lo.length) this.#grow();
    const length = wire.view.getUint16(stats, true) - NLA_HDRLEN;
    this.#copy(wire.view, stats + NLA_HDRLEN, Math.min(FIELDS, length >> 3), row * FIELDS);
  }

  #copy(view: DataView, at: number, fields: number, base: number): void {
    for (let i = 0; i < fields; i++) {
      this.lo[base + i] = view.getUint32(at + i * 8, true);
      this.hi[base + i] = view.getUint32(at + i * 8 + 4, true);
    }
  }

  #grow(): void {
    this.lo = doubled(this.lo);
    this.hi = doubled(this.hi);
  }
}

function doubled(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Where the header of attribute `type` is in `[start, end)`; -1 when it is not there or runs over the end. */
function findAttribute(wire: Wire, start: number, end: number, type: number): number {
  for (let at = start; at + NLA_HDRLEN <= end; ) {
    const length = wire.view.getUint16(at, true);
    if (length < NLA_HDRLEN || at + length > end) return -1;
    if ((wire.view.getUint16(at + 2, true) & NLA_TYPE_MASK) === type) return at;
    at += (length + 3) & ~3;
  }
  return -1;
}
