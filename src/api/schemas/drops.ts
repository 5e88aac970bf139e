// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { type DroppedPacket, DropRow } from '../../model/drop.ts';

const closed = { additionalProperties: false };

/** Which drops are wanted; all where a filter is absent. */
export const DropQuery = Type.Object(
  {
    netns: Type.Optional(
      Type.String({ maxLength: 255, description: "Only this namespace; empty for the agent's own" }),
    ),
    device: Type.Optional(Type.String({ minLength: 1, maxLength: 15, description: 'Only of this device' })),
    reason: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
        minItems: 1,
        maxItems: 64,
        uniqueItems: true,
        description: "The kernel's reasons, separated by commas: NO_SOCKET,NETFILTER_DROP",
      }),
    ),
  },
  closed,
);
export type DropQuery = Static<typeof DropQuery>;

/** All counters at one moment. */
export const DropReport = Type.Object(
  {
    timestamp: Type.Integer({ description: 'Milliseconds since the epoch when the counters were read' }),
    lost: Type.Integer({
      minimum: 0,
      description: 'Packets that are in none of the items: there were too many kinds of them',
    }),
    items: Type.Array(DropRow),
  },
  closed,
);
export type DropReport = Static<typeof DropReport>;

/** Packets that a subscriber does not get: they were overwritten before they were read. */
export interface DropGap {
  readonly kind: 'gap';
  readonly packets: number;
}

/** One entry of the feed of dropped packets. */
export interface DropEvent {
  /** Hand it back to resume after it. */
  readonly id: string;
  readonly body: (DroppedPacket & { readonly kind: 'drop' }) | DropGap;
  /** `body` as JSON. */
  readonly json: string;
}
