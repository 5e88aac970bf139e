// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };
const rate = (description: string) => Type.Number({ minimum: 0, description });
const port = Type.Integer({ minimum: 0, maximum: 65_535, description: '0 where the protocol has none' });

export const FlowQuery = Type.Object(
  {
    netns: Type.Optional(
      Type.String({ maxLength: 255, description: "Only this namespace; empty for the agent's own" }),
    ),
    device: Type.Optional(Type.String({ minLength: 1, maxLength: 15, description: 'Only of this device' })),
    limit: Type.Integer({ minimum: 1, maximum: 4096, default: 50, description: 'Most flows in the answer' }),
    seconds: Type.Integer({ minimum: 1, maximum: 60, default: 1, description: 'How long to look' }),
  },
  closed,
);
export type FlowQuery = Static<typeof FlowQuery>;

/** Packets of one direction between two ends on one device, estimated from samples. */
export const FlowItem = Type.Object(
  {
    netns: Type.String({ description: "'' for the agent's own namespace" }),
    device: Type.String(),
    direction: Type.Union([Type.Literal('receive'), Type.Literal('transmit')]),
    protocol: Type.String({ description: 'By name where it has one: tcp' }),
    source: Type.String(),
    sourcePort: port,
    destination: Type.String(),
    destinationPort: port,
    packetsPerSecond: rate('As the network stack sees them: what was merged on receipt is one'),
    bytesPerSecond: rate('With link-layer headers'),
  },
  closed,
);
export type FlowItem = Static<typeof FlowItem>;

/** The busiest flows between two moments. The kernel keeps the last few thousand flows of the machine. */
export const FlowReport = Type.Object(
  {
    timestamp: Type.Integer({ description: 'Milliseconds since the epoch at the end' }),
    seconds: Type.Number({ description: 'Time between the two readings' }),
    active: Type.Integer({
      minimum: 0,
      description: 'Flows that had packets meanwhile, also those left out',
    }),
    items: Type.Array(FlowItem),
  },
  closed,
);
export type FlowReport = Static<typeof FlowReport>;
