// SPDX-License-Identifier: Apache-2.0
import { type Static, type TSchema, Type } from 'typebox';
import { EncapField } from './encap.ts';

const U32 = 0xffff_ffff;
const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);
const number = (description: string, minimum: number, maximum: number) =>
  optional(Type.Integer({ description, minimum, maximum }));
const text = (description: string) => optional(Type.String({ description, minLength: 1 }));
const dev = optional(Type.String({ description: 'Device to send by', minLength: 1, maxLength: 15 }));

/** Route types by ip's names; `unicast` when absent. */
export const TYPES = [
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
] as const;

/** A routing table by number or name. */
export const TableField = optional(
  Type.Union(
    [
      Type.Integer({ minimum: 1, maximum: U32 }),
      Type.String({ pattern: '^(main|local|default|[1-9][0-9]*)$' }),
    ],
    {
      description: 'Routing table: main, local, default or a number',
    },
  ),
);

const hopFields = {
  gateway: text('Address of the next router'),
  via: optional(
    Type.Object(
      { family: Type.Enum(['inet', 'inet6']), host: Type.String({ minLength: 1 }) },
      { additionalProperties: false, description: 'Router in the other address family' },
    ),
  ),
  dev,
  encap: EncapField,
  realms: optional(
    Type.Object(
      { from: number('Source realm', 1, 65535), to: number('Destination realm', 1, 65535) },
      { additionalProperties: false, description: 'Realms of the packets (IPv4)' },
    ),
  ),
  onlink: optional(
    Type.Literal(true, { description: 'The gateway is on the link whatever the addresses say' }),
  ),
};

const Hop = Type.Object(
  { ...hopFields, weight: number('Share of the traffic; 1 when absent', 1, 256) },
  { additionalProperties: false },
);

/** Metrics of the path, with RTAX_* numbers behind them. */
const Metrics = Type.Object(
  {
    mtu: number('Path MTU in bytes', 68, 65520),
    window: number('TCP window to advertise, in bytes', 1, U32),
    rtt: number('Initial round-trip time in milliseconds', 1, U32 >>> 3),
    rttvar: number('Initial variance of it in milliseconds', 1, U32 >>> 2),
    ssthresh: number('Slow start threshold in segments', 1, U32),
    cwnd: number('Congestion window clamp in segments', 1, U32),
    advmss: number('MSS to advertise', 1, 65495),
    reordering: number('Initial reordering', 1, U32),
    hoplimit: number('Hop limit', 1, 255),
    initcwnd: number('Initial congestion window in segments', 1, U32),
    rto_min: number('Least retransmission time-out in milliseconds', 1, U32),
    initrwnd: number('Initial receive window in segments', 1, U32),
    quickack: number('Acknowledge at once', 0, 1),
    congestion: text('Congestion control'),
    fastopen_no_cookie: number('TCP Fast Open without cookies', 0, 1),
    ecn: optional(Type.Literal(true, { description: 'Use ECN' })),
    lock: optional(
      Type.Array(
        Type.Enum([
          'mtu',
          'window',
          'rtt',
          'rttvar',
          'ssthresh',
          'cwnd',
          'advmss',
          'reordering',
          'hoplimit',
          'rto_min',
        ]),
        {
          description: 'Metrics that path MTU discovery and TCP leave alone',
          minItems: 1,
          uniqueItems: true,
        },
      ),
    ),
  },
  { additionalProperties: false, description: 'Metrics of the path' },
);

/** An item of `routes`. */
export const RouteItem = Type.Object(
  {
    dst: Type.String({ description: 'Prefix, `default` (IPv4) or `::/0`', minLength: 1 }),
    type: optional(Type.Enum([...TYPES], { description: 'What happens to packets' })),
    table: TableField,
    metric: number('Preference among routes of one prefix: the least wins', 0, U32),
    tos: optional(
      Type.Integer({
        description: 'Type of service it is for (IPv4)',
        minimum: 0,
        maximum: 252,
        multipleOf: 4,
      }),
    ),
    protocol: optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 255 }), Type.String({ minLength: 1 })], {
        description: 'Who made it: a name or number of rt_protos; weir when absent',
      }),
    ),
    scope: optional(Type.Enum(['global', 'site', 'link', 'host'], { description: 'Distance (IPv4)' })),
    prefsrc: text('Source address for packets of this node'),
    ...hopFields,
    nexthops: optional(Type.Array(Hop, { description: 'Several ways by weight', minItems: 1 })),
    nhid: number('Id of a nexthop object', 1, U32),
    metrics: optional(Metrics),
    pref: optional(Type.Enum(['low', 'medium', 'high'], { description: 'Router preference (IPv6)' })),
    expires: number('Seconds until the kernel removes it (IPv6)', 1, 0x7fff_ffff),
  },
  { additionalProperties: false, description: 'An IPv4 or IPv6 route' },
);

export type RouteSpec = Static<typeof RouteItem>;
export type HopSpec = Static<typeof Hop>;
export type MetricsSpec = Static<typeof Metrics>;
