// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../base/wire.ts';
import { Encoder } from '../codec/encoder.ts';
import { encodeNdmsg, NDMSG_OFFSET, NDMSG_SIZE, RTM_GETNEIGH } from '../codec/generated/rt-neigh.ts';
import type { NetlinkTransport } from '../kernel/ports.ts';
import type { NeighbourCount } from '../metrics/collector.ts';

const AF_INET = 2;
const AF_INET6 = 10;

/** Names of NUD_* bits (include/uapi/linux/neighbour.h), of which an entry has one; NUD_NONE has none. */
const STATES = ['incomplete', 'reachable', 'stale', 'delay', 'probe', 'failed', 'noarp', 'permanent'];

/**
 * Count the neighbours of every device by family and state. Nothing of them is kept.
 *
 * @param nameOf Name of a device, undefined for one that is not shown.
 * @see net/core/neighbour.c neigh_dump_info()
 */
export async function countNeighbours(
  transport: NetlinkTransport,
  nameOf: (ifindex: number) => string | undefined,
  signal: AbortSignal,
): Promise<readonly NeighbourCount[]> {
  const request = new Encoder(NDMSG_SIZE);
  encodeNdmsg(request, {});
  const counts = new Map<number, number>();
  await transport.dump(
    { type: RTM_GETNEIGH, payload: request.payload(), operation: 'RTM_GETNEIGH dump' },
    (wire, start) => count(wire, start, counts),
    { restart: () => counts.clear(), signal },
  );
  return [...counts].flatMap(([key, entries]) => neighbourCount(key, entries, nameOf));
}

/** Device, family and state in one number, so that a large table makes no garbage. */
const KEYS_PER_DEVICE = 512;
const IPV6 = 256;

function count(wire: Wire, start: number, counts: Map<number, number>): void {
  const family = wire.view.getUint8(start + NDMSG_OFFSET.ndmFamily);
  if (family !== AF_INET && family !== AF_INET6) return;
  const ifindex = wire.view.getInt32(start + NDMSG_OFFSET.ndmIfindex, true);
  const state = wire.view.getUint16(start + NDMSG_OFFSET.ndmState, true) & 0xff;
  const key = ifindex * KEYS_PER_DEVICE + (family === AF_INET6 ? IPV6 : 0) + state;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function neighbourCount(
  key: number,
  entries: number,
  nameOf: (ifindex: number) => string | undefined,
): readonly NeighbourCount[] {
  const ifindex = Math.floor(key / KEYS_PER_DEVICE);
  const device = nameOf(ifindex);
  if (device === undefined) return [];
  const bits = key % IPV6;
  const state = STATES.filter((_, i) => (bits & (1 << i)) !== 0).join('-') || 'none';
  const family = key % KEYS_PER_DEVICE >= IPV6 ? 'ipv6' : 'ipv4';
  return [{ ifindex, device, family, state, entries }];
}
