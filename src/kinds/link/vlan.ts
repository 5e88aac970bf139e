// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { IflaVlanFlags, IflaVlanQosMapping } from '../../codec/generated/rt-link.ts';
import { given, present } from '../fields.ts';
import { etherProtocolName } from './ether-protocols.ts';
import { linkKind } from './kind.ts';
import { type DeclaredKind, fixed, number, shared, word } from './setting.ts';

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

const QosMap = (description: string) =>
  Type.Array(
    Type.Object(
      {
        from: Type.Integer({ minimum: 0, maximum: 0xffff_ffff }),
        to: Type.Integer({ minimum: 0, maximum: 0xffff_ffff }),
      },
      { additionalProperties: false },
    ),
    { description },
  );

const byFrom = (list: readonly IflaVlanQosMapping[]) =>
  list.filter(({ to }) => to !== 0).toSorted((a, b) => a.from - b.from);

/** How a VLAN device is declared (net/8021q/vlan_netlink.c vlan_changelink()). */
export const declaredVlan: DeclaredKind = {
  kind: 'vlan',
  config: 'CONFIG_VLAN_8021Q',
  lower: true,
  required: ['id'],
  settings: {
    id: fixed(number('id', 'VLAN identifier', 0, 4094)),
    protocol: fixed(word('protocol', 'Tag protocol', { 33024: '802.1Q', 34984: '802.1ad' })),
    flags: shared(
      Type.Array(Type.Enum([...FLAGS]), { description: 'Flags that are on, instead of REORDER_HDR alone' }),
      (given: readonly string[]) => FLAGS.filter((name) => given.includes(name)),
    ),
    ingress_qos: shared(QosMap('From priority of the tag to priority in the kernel'), byFrom, []),
    egress_qos: shared(QosMap('From priority in the kernel to priority of the tag'), byFrom, []),
  },
  joined: (changed, _all, before) => ({
    ...given(changed['flags'] as readonly string[] | undefined, (names) => ({ flag: flagWord(names) })),
    ...mapAttribute('ingressQos', changed['ingress_qos'], before?.['ingress_qos']),
    ...mapAttribute('egressQos', changed['egress_qos'], before?.['egress_qos']),
  }),
};

function flagWord(names: readonly string[]): IflaVlanFlags {
  const flags = FLAGS.reduce((bits, name, bit) => (names.includes(name) ? bits | (1 << bit) : bits), 0);
  return { flags, mask: (1 << FLAGS.length) - 1 };
}

/** The kernel adds to a map; an entry goes away when it maps to 0. */
function mapAttribute(name: string, after: unknown, before: unknown = []): Record<string, unknown> {
  if (after === undefined) return {};
  const wanted = after as readonly IflaVlanQosMapping[];
  const gone = (before as readonly IflaVlanQosMapping[])
    .filter(({ from }) => !wanted.some((entry) => entry.from === from))
    .map(({ from }) => ({ from, to: 0 }));
  const mapping = [...gone, ...wanted];
  return mapping.length === 0 ? {} : { [name]: { mapping } };
}
