// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import { altHex, type Fields, given, isSet, present, unlessZero, whenSet } from '../fields.ts';
import { deviceName, linkKind } from './kind.ts';

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
