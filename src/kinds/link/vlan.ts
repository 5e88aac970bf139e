// SPDX-License-Identifier: Apache-2.0
import type { IflaVlanFlags, IflaVlanQosMapping } from '../../codec/generated/rt-link.ts';
import { given, present } from '../fields.ts';
import { etherProtocolName } from './ether-protocols.ts';
import { linkKind } from './kind.ts';

/** VLAN_FLAG_* by bit (include/uapi/linux/if_vlan.h). */
const FLAGS = ['REORDER_HDR', 'GVRP', 'LOOSE_BINDING', 'MVRP', 'BRIDGE_BINDING'];

/** A VLAN device (net/8021q/vlan_netlink.c vlan_fill_info()). */
export const vlan = linkKind('vlan', (d) =>
  present({
    protocol: given(d.protocol, etherProtocolName),
    id: d.id,
    flags: given(d.flag, flagNames),
    ingress_qos: given(d.ingressQos?.mapping, mappings),
    egress_qos: given(d.egressQos?.mapping, mappings),
  }),
);

function flagNames({ flags }: IflaVlanFlags): readonly string[] {
  return FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0);
}

function mappings(list: readonly IflaVlanQosMapping[]) {
  return list.map(({ from, to }) => ({ from, to }));
}
