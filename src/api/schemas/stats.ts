// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };
const count = Type.Integer({ minimum: 0 });

const DirectionStats = Type.Object({ bytes: count, packets: count, errors: count, dropped: count }, closed);

/** Counters of one device, since it appeared. */
export const LinkStatsItem = Type.Object(
  {
    netns: Type.String({ description: "'' for the agent's own namespace" }),
    ifindex: Type.Integer({ minimum: 1 }),
    ifname: Type.String(),
    operstate: Type.String(),
    kind: Type.Optional(Type.String({ description: 'Kind of virtual device, absent for hardware' })),
    qdisc: Type.String({ description: 'Root qdisc' }),
    rx: DirectionStats,
    tx: DirectionStats,
    queue: Type.Optional(
      Type.Object(
        {
          backlog: Type.Integer({ minimum: 0, description: 'Bytes waiting' }),
          qlen: Type.Integer({ minimum: 0, description: 'Packets waiting' }),
          drops: count,
          requeues: count,
          overlimits: count,
        },
        { ...closed, description: 'Sums of the root qdisc; absent where the device has none' },
      ),
    ),
  },
  closed,
);
export type LinkStatsItem = Static<typeof LinkStatsItem>;

/** Counters of every device of every watched namespace at one moment. Counters are exact up to 2^53. */
export const LinkStatsReport = Type.Object(
  {
    timestamp: Type.Integer({ description: 'Milliseconds since the epoch when the counters were read' }),
    items: Type.Array(LinkStatsItem),
  },
  closed,
);
export type LinkStatsReport = Static<typeof LinkStatsReport>;
