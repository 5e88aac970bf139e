// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../base/wire.ts';
import type { Encoder } from '../codec/encoder.ts';
import {
  decodeNapiAttrs,
  decodeQstatsAttrs,
  decodeQueueAttrs,
  encodeQstatsAttrs,
  NETDEV_CMD_NAPI_GET,
  NETDEV_CMD_QSTATS_GET,
  NETDEV_CMD_QUEUE_GET,
  NETDEV_QSTATS_SCOPE_QUEUE,
  NETDEV_QUEUE_TYPE_RX,
  type QstatsAttrs,
} from '../codec/generated/netdev.ts';
import { GENLMSGHDR_SIZE } from '../codec/generated/netlink.ts';
import { type NamespaceIo, NETLINK } from '../kernel/ports.ts';
import type { QueueStats } from '../metrics/collector.ts';
import { genericFamily, genericPayload } from './metrics-generic-family.ts';

type NameOf = (ifindex: number) => string | undefined;
type Queue = QueueStats['queues'][number];
type Napi = QueueStats['napis'][number];
/** Dump one command of the family and give each message's attributes to `message`. */
type Dump = (
  command: number,
  message: (wire: Wire, start: number, end: number) => void,
  restart: () => void,
  attributes?: (out: Encoder) => void,
) => Promise<void>;

/**
 * Read queues, NAPI instances and the statistics of those drivers that keep them by queue.
 *
 * @param nameOf Name of a device, undefined for one that is not shown.
 * @throws {WeirError} `NO_DATA` on a kernel before 6.8.
 * @see net/core/netdev-genl.c
 */
export async function dumpQueues(io: NamespaceIo, nameOf: NameOf, signal: AbortSignal): Promise<QueueStats> {
  const transport = await io.netlink(NETLINK.GENERIC);
  const type = await genericFamily(transport, 'netdev');
  const dump: Dump = (command, message, restart, attributes = () => {}) =>
    transport.dump(
      { type, payload: genericPayload(command, attributes), operation: `netdev dump ${command}` },
      (wire, start, end) => message(wire, start + GENLMSGHDR_SIZE, end),
      { restart, signal },
    );
  const stats = await dumpStatistics(dump);
  return { queues: await dumpQueueList(dump, nameOf, stats), napis: await dumpNapis(dump, nameOf) };
}

const keyOf = (ifindex: number, type: number, id: number) => `${ifindex}/${type}/${id}`;

async function dumpStatistics(dump: Dump): Promise<ReadonlyMap<string, ReadonlyMap<string, bigint>>> {
  const found = new Map<string, ReadonlyMap<string, bigint>>();
  await dump(
    NETDEV_CMD_QSTATS_GET,
    (wire, start, end) => {
      const attrs = decodeQstatsAttrs(wire, start, end);
      const { ifindex = 0, queueType = 0, queueId = 0 } = attrs;
      found.set(keyOf(ifindex, queueType, queueId), statisticsOf(attrs));
    },
    () => found.clear(),
    (out) => encodeQstatsAttrs(out, { scope: BigInt(NETDEV_QSTATS_SCOPE_QUEUE) }),
  );
  return found;
}

/** The attributes that count: all u64 but the echo of the question. */
function statisticsOf(attrs: QstatsAttrs): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>();
  for (const [name, value] of Object.entries(attrs))
    if (typeof value === 'bigint' && name !== 'scope') found.set(name, value);
  return found;
}

async function dumpQueueList(
  dump: Dump,
  nameOf: NameOf,
  stats: ReadonlyMap<string, ReadonlyMap<string, bigint>>,
): Promise<readonly Queue[]> {
  const found: Queue[] = [];
  await dump(
    NETDEV_CMD_QUEUE_GET,
    (wire, start, end) => {
      const { ifindex = 0, type = 0, id = 0, napiId } = decodeQueueAttrs(wire, start, end);
      const device = nameOf(ifindex);
      if (device === undefined) return;
      found.push({
        ifindex,
        device,
        type: type === NETDEV_QUEUE_TYPE_RX ? 'rx' : 'tx',
        id,
        ...(napiId === undefined ? {} : { napiId }),
        stats: stats.get(keyOf(ifindex, type, id)) ?? new Map(),
      });
    },
    () => found.splice(0),
  );
  return found;
}

async function dumpNapis(dump: Dump, nameOf: NameOf): Promise<readonly Napi[]> {
  const found: Napi[] = [];
  await dump(
    NETDEV_CMD_NAPI_GET,
    (wire, start, end) => {
      const { ifindex = 0, id = 0, irq, pid } = decodeNapiAttrs(wire, start, end);
      const device = nameOf(ifindex);
      if (device === undefined) return;
      found.push({
        ifindex,
        device,
        id,
        ...(irq === undefined ? {} : { irq }),
        ...(pid === undefined ? {} : { pid }),
      });
    },
    () => found.splice(0),
  );
  return found;
}
