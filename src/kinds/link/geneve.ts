// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { addressUnlessAny, altHex, given, isSet, present, unlessZero, whenSet } from '../fields.ts';
import { linkKind } from './kind.ts';
import { type DeclaredKind, fixed, flag, hexadecimal, ip, number, onOff, word } from './setting.ts';

const DF = ['unset', 'set', 'inherit'];

/** A GENEVE tunnel (drivers/net/geneve.c geneve_fill_info()). */
export const geneve = linkKind('geneve', (d) =>
  present({
    external: d.collectMetadata,
    id: d.id,
    remote: addressUnlessAny(d.remote),
    remote6: addressUnlessAny(d.remote6),
    ttl: whenSet(d.ttlInherit) ? 'inherit' : d.ttl,
    tos: given(unlessZero(d.tos), altHex),
    df: given(d.df, (df) => DF[df] ?? df),
    label: given(unlessZero(d.label), altHex),
    port: d.port,
    udp_csum: isSet(d.udpCsum),
    udp_zero_csum6_tx: isSet(d.udpZeroCsum6Tx),
    udp_zero_csum6_rx: isSet(d.udpZeroCsum6Rx),
    innerprotoinherit: d.innerProtoInherit,
  }),
);

/** How a GENEVE tunnel is declared (drivers/net/geneve.c geneve_nl2info()). */
export const declaredGeneve: DeclaredKind = {
  kind: 'geneve',
  config: 'CONFIG_GENEVE',
  settings: {
    external: fixed(flag('collectMetadata', 'Tunnel keys come with the packets')),
    id: fixed(number('id', 'Virtual network identifier', 0, 0xff_ffff)),
    remote: fixed(ip('remote', 'remote6', 'The other end')),
    ttl: {
      schema: Type.Union([Type.Literal('inherit'), Type.Integer({ minimum: 0, maximum: 255 })], {
        description: 'Time to live of the outer packets; 0 takes the default of the node',
      }),
      attributes: (value: number | 'inherit') => (value === 'inherit' ? { ttlInherit: 1 } : { ttl: value }),
    },
    tos: hexadecimal('tos', 'Type of service, 1 inherits', 255),
    df: word('df', "Bit don't fragment", DF),
    label: hexadecimal('label', 'Flow label', 0xf_ffff),
    port: fixed(number('port', 'UDP destination port', 1, 65535)),
    udp_csum: fixed(onOff('udpCsum', 'UDP checksums over IPv4')),
    udp_zero_csum6_tx: fixed(onOff('udpZeroCsum6Tx', 'Send without UDP checksums over IPv6')),
    udp_zero_csum6_rx: fixed(onOff('udpZeroCsum6Rx', 'Take packets without UDP checksums over IPv6')),
    innerprotoinherit: fixed(flag('innerProtoInherit', 'Inner packets without an Ethernet header')),
  },
  check: (spec) =>
    spec['external'] !== true && (spec['id'] === undefined || spec['remote'] === undefined)
      ? [['id', 'is missing, or `remote` is: give both, or `external: true`']]
      : [],
};
