// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import {
  IFF_ALLMULTI,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_PROMISC,
  IFF_UP,
} from '../../codec/generated/rt-link.ts';
import { device, fixed, mac, number, type Setting, type Settings, shared, whenOn } from './setting.ts';

/** IN6_ADDR_GEN_MODE_* in order (include/uapi/linux/if_link.h). */
const ADDR_GEN_MODES = ['eui64', 'none', 'stable_secret', 'random'];

/** Switches that are bits of ifi_flags: the bit, and whether it is set while the switch is off. */
export const FLAG_SWITCHES: Readonly<Record<string, { readonly bit: number; readonly inverted?: true }>> = {
  promisc: { bit: IFF_PROMISC },
  allmulticast: { bit: IFF_ALLMULTI },
  multicast: { bit: IFF_MULTICAST },
  arp: { bit: IFF_NOARP, inverted: true },
};

const text = (name: string, description: string): Setting => ({
  schema: Type.String({ description, maxLength: 255 }),
  attributes: (value: string) => ({ [name]: value }),
});

const size = (name: string, description: string) => number(name, description, 0, 0xffff_ffff);

/** Settings that a link of any kind takes with the message that creates it (net/core/rtnetlink.c rtnl_create_link()). */
export const FIRST_SETTINGS: Settings = {
  mtu: number('mtu', 'Largest packet in bytes', 1, 0x7fff_ffff),
  address: mac('address', 'Hardware address'),
  txqlen: size('txqlen', 'Packets that the transmit queue holds'),
  group: {
    schema: Type.Union([Type.Literal('default'), Type.Integer({ minimum: 0, maximum: 0xffff_ffff })], {
      description: 'Device group',
    }),
    canonical: (value: string | number) => (value === 0 ? 'default' : String(value)),
    attributes: (value: string) => ({ group: value === 'default' ? 0 : Number(value) }),
  },
  num_tx_queues: fixed(number('numTxQueues', 'Transmit queues', 1, 4096)),
  num_rx_queues: fixed(number('numRxQueues', 'Receive queues', 1, 4096)),
  gso_max_size: size('gsoMaxSize', 'Bytes of a packet to be segmented'),
  gso_max_segs: size('gsoMaxSegs', 'Segments of a packet to be segmented'),
  gro_max_size: size('groMaxSize', 'Bytes of an aggregated packet'),
  gso_ipv4_max_size: size('gsoIpv4MaxSize', 'Bytes of an IPv4 packet to be segmented'),
  gro_ipv4_max_size: size('groIpv4MaxSize', 'Bytes of an aggregated IPv4 packet'),
  link: fixed(device('link', 'Device that it stands on')),
  master: device('master', 'Bridge, bond or VRF that holds it'),
};

/** Settings that need the link to exist. */
export const LATER_SETTINGS: Settings = {
  ifalias: text('ifalias', 'Text for people'),
  inet6_addr_gen_mode: {
    schema: Type.Enum(ADDR_GEN_MODES, { description: 'How IPv6 addresses are made' }),
    attributes: (value: string) => ({ afSpec: { inet6: { addrGenMode: ADDR_GEN_MODES.indexOf(value) } } }),
  },
  proto_down: whenOn('protoDown', 'Kept down by a protocol'),
};

/** Settings that messages of their own or the header carry. */
export const OTHER_SETTINGS: Settings = {
  state: shared(Type.Enum(['up', 'down'], { description: 'Switched on or off' })),
  altnames: shared(
    Type.Array(
      Type.String({
        description: 'A name: at most 127 characters, without blank, slash or colon',
        pattern: '^[^/:\\s]{1,127}$',
      }),
      { description: 'Further names' },
    ),
    (names: readonly string[]) => names.toSorted(),
  ),
  ...Object.fromEntries(
    Object.keys(FLAG_SWITCHES).map((name) => [
      name,
      shared(Type.Boolean({ description: `The flag ${name}` })),
    ]),
  ),
};

/** Settings of every kind. */
export const COMMON_SETTINGS: Settings = { ...FIRST_SETTINGS, ...LATER_SETTINGS, ...OTHER_SETTINGS };

/** Bits of ifi_flags that the spec sets, and which it speaks of. */
export function flagsOf(spec: Readonly<Record<string, unknown>>): {
  readonly set: number;
  readonly mask: number;
} {
  let [set, mask] = [0, 0];
  for (const [name, { bit, inverted }] of Object.entries(FLAG_SWITCHES)) {
    if (spec[name] === undefined) continue;
    mask |= bit;
    if ((spec[name] === true) !== (inverted === true)) set |= bit;
  }
  if (spec['state'] !== undefined) mask |= IFF_UP;
  if (spec['state'] === 'up') set |= IFF_UP;
  return { set, mask };
}
