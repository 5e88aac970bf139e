// SPDX-License-Identifier: Apache-2.0
import { addressUnlessAny, altHex, given, isSet, present, unlessZero, whenSet } from '../fields.ts';
import { linkKind } from './kind.ts';

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
