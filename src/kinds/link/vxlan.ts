// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { renderIp } from '../../base/ip.ts';
import type { Spec } from '../../model/object.ts';
import { altHex, type Fields, given, isSet, present, unlessZero, whenSet } from '../fields.ts';
import { deviceName, linkKind } from './kind.ts';
import {
  type DeclaredKind,
  device,
  fixed,
  flag,
  hexadecimal,
  ip,
  number,
  onOff,
  whenOn,
  word,
} from './setting.ts';

/** VXLAN_DF_* in order (include/uapi/linux/if_link.h). */
const DF = ['unset', 'set', 'inherit'];

/** A VXLAN tunnel (drivers/net/vxlan/vxlan_core.c vxlan_fill_info()). */
export const vxlan = linkKind('vxlan', (d) =>
  present({
    external: whenSet(d.collectMetadata),
    vnifilter: whenSet(d.vnifilter),
    id: d.id,
    ...given(d.group, (peer) => peerField(peer, '')),
    ...given(d.group6, (peer) => peerField(peer, '6')),
    local: given(d.local, renderIp),
    local6: given(d.local6, renderIp),
    link: deviceName(d.link),
    port_range: given(d.portRange, ({ low, high }) => ({ low, high })),
    port: d.port,
    learning: isSet(d.learning),
    proxy: whenSet(d.proxy),
    rsc: whenSet(d.rsc),
    l2miss: whenSet(d.l2miss),
    l3miss: whenSet(d.l3miss),
    tos: given(unlessZero(d.tos), altHex),
    // A request says it with a flag, a dump with a byte.
    ttl: whenSet(d.ttlInherit?.[0]) ? 'inherit' : d.ttl,
    df: given(d.df, (df) => DF[df] ?? df),
    label: given(unlessZero(d.label), altHex),
    ageing: d.ageing,
    limit: unlessZero(d.limit),
    udp_csum: isSet(d.udpCsum),
    udp_zero_csum6_tx: isSet(d.udpZeroCsum6Tx),
    udp_zero_csum6_rx: isSet(d.udpZeroCsum6Rx),
    remcsum_tx: whenSet(d.remcsumTx),
    remcsum_rx: whenSet(d.remcsumRx),
    localbypass: isSet(d.localbypass),
    gbp: d.gbp,
    gpe: d.gpe,
  }),
);

/** A peer that is a multicast group is a group, another one is the remote end. */
function peerField(peer: Uint8Array, suffix: '' | '6'): Fields {
  const first = peer[0] ?? 0;
  const multicast = peer.length === 4 ? first >> 4 === 0xe : first === 0xff;
  return { [`${multicast ? 'group' : 'remote'}${suffix}`]: renderIp(peer) };
}

/** Observed names by declared ones: a document writes both families under one name. */
export const VXLAN_ALIASES = { remote6: 'remote', group6: 'group', local6: 'local' } as const;

const Ttl = Type.Union([Type.Literal('inherit'), Type.Integer({ minimum: 0, maximum: 255 })], {
  description: 'Time to live of the outer packets; 0 takes the default of the node',
});

/** How a VXLAN is declared (drivers/net/vxlan/vxlan_core.c vxlan_nl2conf()). */
export const declaredVxlan: DeclaredKind = {
  kind: 'vxlan',
  config: 'CONFIG_VXLAN',
  settings: {
    external: fixed(whenOn('collectMetadata', 'Tunnel keys come with the packets')),
    vnifilter: fixed(whenOn('vnifilter', 'Take only the identifiers that are listed')),
    id: fixed(number('id', 'VXLAN network identifier', 0, 0xff_ffff)),
    remote: ip('group', 'group6', 'The other end'),
    group: ip('group', 'group6', 'Multicast group of the other ends'),
    local: ip('local', 'local6', 'Source address of the outer packets'),
    link: device('link', 'Device that the outer packets leave by'),
    port_range: fixed({
      schema: Type.Object(
        {
          low: Type.Integer({ minimum: 0, maximum: 65535 }),
          high: Type.Integer({ minimum: 0, maximum: 65535 }),
        },
        { additionalProperties: false, description: 'UDP source ports' },
      ),
      attributes: (value: Spec) => ({ portRange: value }),
    }),
    port: fixed(number('port', 'UDP destination port', 1, 65535)),
    learning: onOff('learning', 'Learn addresses from what arrives'),
    proxy: fixed(whenOn('proxy', 'Answer ARP and neighbour solicitations')),
    rsc: fixed(whenOn('rsc', 'Route short circuit')),
    l2miss: fixed(whenOn('l2miss', 'Report unknown hardware addresses')),
    l3miss: fixed(whenOn('l3miss', 'Report unknown IP addresses')),
    tos: hexadecimal('tos', 'Type of service, 1 inherits', 255),
    ttl: {
      schema: Ttl,
      attributes: (value: number | 'inherit') =>
        value === 'inherit' ? { ttlInherit: new Uint8Array(0) } : { ttl: value },
    },
    df: word('df', "Bit don't fragment", DF),
    label: hexadecimal('label', 'Flow label', 0xf_ffff),
    ageing: number('ageing', 'Seconds until a learnt address is forgotten', 0, 0xffff_ffff),
    limit: fixed(number('limit', 'Learnt addresses at most', 1, 0xffff_ffff)),
    udp_csum: fixed(onOff('udpCsum', 'UDP checksums over IPv4')),
    udp_zero_csum6_tx: fixed(onOff('udpZeroCsum6Tx', 'Send without UDP checksums over IPv6')),
    udp_zero_csum6_rx: fixed(onOff('udpZeroCsum6Rx', 'Take packets without UDP checksums over IPv6')),
    remcsum_tx: fixed(whenOn('remcsumTx', 'Remote checksum offload, sending')),
    remcsum_rx: fixed(whenOn('remcsumRx', 'Remote checksum offload, receiving')),
    localbypass: onOff('localbypass', 'Short cut to an end on the same node'),
    gbp: fixed(flag('gbp', 'Group based policy')),
    gpe: fixed(flag('gpe', 'Generic protocol extension')),
  },
  check(spec) {
    const multicast = (text: unknown) => /^(22[4-9]|23\d)\.|^ff/i.test(String(text));
    const found: (readonly [string, string])[] = [];
    if (spec['id'] === undefined && spec['external'] !== true)
      found.push(['id', 'is missing: give the network identifier, or `external: true`']);
    if (spec['group'] !== undefined && spec['remote'] !== undefined)
      found.push(['group', 'goes not with `remote`: keep one of them']);
    if (spec['remote'] !== undefined && multicast(spec['remote']))
      found.push(['remote', 'is a multicast address: write it as `group`']);
    if (spec['group'] !== undefined && !multicast(spec['group']))
      found.push(['group', 'is no multicast address: write it as `remote`']);
    if (spec['group'] !== undefined && spec['link'] === undefined)
      found.push(['link', 'is missing: a multicast group needs the device to reach it by']);
    return found;
  },
  // A kernel that would keep the old end has no message to forget it.
  fixed: (before, after) =>
    (['remote', 'group', 'local', 'link'] as const).filter(
      (name) => before[name] !== undefined && after[name] === undefined,
    ),
};
