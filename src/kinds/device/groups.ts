// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../../base/wire.ts';
import type { Encoder } from '../../codec/encoder.ts';
import {
  type ChannelsAttrs,
  decodeChannelsAttrs,
  decodePauseAttrs,
  decodeRingsAttrs,
  ETHTOOL_MSG_CHANNELS_GET,
  ETHTOOL_MSG_CHANNELS_SET,
  ETHTOOL_MSG_PAUSE_GET,
  ETHTOOL_MSG_PAUSE_SET,
  ETHTOOL_MSG_RINGS_GET,
  ETHTOOL_MSG_RINGS_SET,
  encodeChannelsAttrs,
  encodePauseAttrs,
  encodeRingsAttrs,
  type HeaderAttrs,
  type PauseAttrs,
  type RingsAttrs,
} from '../../codec/generated/ethtool.ts';

type Values = Readonly<Record<string, number | boolean>>;

/** Settings of a device that one pair of commands of the ethtool family gets and sets. */
export interface Group {
  readonly name: string;
  readonly get: number;
  readonly set: number;
  encode(out: Encoder, header: HeaderAttrs, values: Values): void;
  /** Fields as documents name them. */
  decode(wire: Wire, start: number, end: number): Values;
}

type Named = Readonly<Record<string, string>>;

const RINGS: Named = { rx: 'rx', rx_mini: 'rxMini', rx_jumbo: 'rxJumbo', tx: 'tx' };
const CHANNELS: Named = {
  rx: 'rxCount',
  tx: 'txCount',
  other: 'otherCount',
  combined: 'combinedCount',
};
const PAUSE: Named = { autoneg: 'autoneg', rx: 'rx', tx: 'tx' };

/** In the order in which they are set: drivers make rings anew with their channels. */
export const GROUPS: readonly Group[] = [
  {
    name: 'channels',
    get: ETHTOOL_MSG_CHANNELS_GET,
    set: ETHTOOL_MSG_CHANNELS_SET,
    encode: (out, header, values) =>
      encodeChannelsAttrs(out, { header, ...toAttrs<ChannelsAttrs>(CHANNELS, values) }),
    decode: (wire, start, end) => fromAttrs(CHANNELS, decodeChannelsAttrs(wire, start, end)),
  },
  {
    name: 'rings',
    get: ETHTOOL_MSG_RINGS_GET,
    set: ETHTOOL_MSG_RINGS_SET,
    encode: (out, header, values) => encodeRingsAttrs(out, { header, ...toAttrs<RingsAttrs>(RINGS, values) }),
    decode: (wire, start, end) => fromAttrs(RINGS, decodeRingsAttrs(wire, start, end)),
  },
  {
    name: 'pause',
    get: ETHTOOL_MSG_PAUSE_GET,
    set: ETHTOOL_MSG_PAUSE_SET,
    encode: (out, header, values) => encodePauseAttrs(out, { header, ...toAttrs<PauseAttrs>(PAUSE, values) }),
    decode: (wire, start, end) => {
      const seen = Object.entries(fromAttrs(PAUSE, decodePauseAttrs(wire, start, end)));
      return Object.fromEntries(seen.map(([name, value]) => [name, value !== 0]));
    },
  },
];

function toAttrs<T>(names: Named, values: Values): T {
  const entries = Object.entries(values).map(([name, value]) => [names[name], Number(value)]);
  return Object.fromEntries(entries) as T;
}

function fromAttrs(names: Named, attrs: object): Values {
  const seen = attrs as Readonly<Record<string, number | undefined>>;
  const entries = Object.entries(names).flatMap(([name, attr]) => {
    const value = seen[attr];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}
