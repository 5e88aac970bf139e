// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };

/** What a dropped packet is known by. */
const KIND = {
  netns: Type.String({
    description: "Network namespace: '' for the agent's own, `net:[inode]` for one that it does not watch",
  }),
  device: Type.String({ description: "Device; '' where none is known, or it is gone" }),
  reason: Type.String({ description: "The kernel's reason, as `enum skb_drop_reason` names it" }),
  network: Type.String({ description: 'ipv4, ipv6, arp, or an ethertype' }),
  protocol: Type.String({ description: 'Protocol as far up as it is known: tcp, icmpv6, arp' }),
  location: Type.String({ description: "Function of the kernel; '' where the kernel does not tell names" }),
};

/** Packets of one kind that were dropped since the counters began. Exact up to 2^53. */
export const DropRow = Type.Object(
  {
    ...KIND,
    packets: Type.Integer({ minimum: 0 }),
    unrecorded: Type.Integer({
      minimum: 0,
      description: 'Of these, packets that the flight recorder left out since there were too many',
    }),
  },
  closed,
);
export type DropRow = Static<typeof DropRow>;

/** A dropped packet of the flight recorder. */
export const DroppedPacket = Type.Object(
  {
    sequence: Type.Integer({ minimum: 1, description: 'Increasing from one record to the next' }),
    time: Type.String({ description: 'RFC 3339 with nanoseconds' }),
    ...KIND,
    length: Type.Integer({ minimum: 0, description: 'Bytes of the packet, from where `data` begins' }),
    link: Type.Enum(['ethernet', 'raw'], { description: 'Header that `data` begins with; raw: that of IP' }),
    data: Type.String({ description: 'Its first bytes, in hex' }),
  },
  closed,
);
export type DroppedPacket = Static<typeof DroppedPacket>;
