// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import {
  BRIDGE_VLAN_INFO_PVID,
  BRIDGE_VLAN_INFO_UNTAGGED,
  encodeBridgeVlanInfo,
  encodeIfinfomsg,
  IFLA_AF_SPEC,
  IFLA_BRIDGE_FLAGS,
  IFLA_BRIDGE_VLAN_INFO,
  RTM_DELLINK,
  RTM_SETLINK,
} from '../../codec/generated/rt-link.ts';
import { AF_BRIDGE } from '../../model/names/families.ts';
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';

/** BRIDGE_FLAGS_SELF (include/uapi/linux/if_bridge.h): the bridge's own entry, not that of a port. */
const BRIDGE_FLAGS_SELF = 2;
const MAX_VID = 4094;

/** An item of `bridge_vlans`. */
export const BridgeVlanItem = Type.Object(
  {
    dev: Type.String({ description: 'The port, or with `self` the bridge', minLength: 1, maxLength: 15 }),
    vlan: Type.Union(
      [Type.Integer({ minimum: 1, maximum: MAX_VID }), Type.String({ pattern: '^\\d+-\\d+$' })],
      {
        description: 'VLAN id, or a range: 10-20',
      },
    ),
    pvid: Type.Optional(Type.Literal(true, { description: 'VLAN of packets that arrive untagged' })),
    untagged: Type.Optional(Type.Literal(true, { description: 'Packets leave untagged' })),
    self: Type.Optional(Type.Literal(true, { description: 'The VLAN of the bridge device itself' })),
  },
  { additionalProperties: false, description: 'A VLAN of a port of a bridge' },
);

/** VLANs of bridge ports (net/bridge/br_netlink.c br_afspec()); a range is one object per VLAN. */
export const bridgeVlan: ObjectClass = {
  name: 'bridge-vlan',
  section: { document: 'Network', name: 'bridge_vlans', schema: BridgeVlanItem },
  compare: 'whole',
  declare,
  item: (spec) => spec,
  key: (spec) => `${spec['vlan']} dev ${spec['dev']}${spec['self'] === true ? ' self' : ''}`,
  needs: (spec) => [{ class: 'link', key: String(spec['dev']) }],
  requires: () => ({ feature: 'bridge vlan_filtering', config: 'CONFIG_BRIDGE_VLAN_FILTERING' }),
  write,
  describe: (spec) => `bridge VLAN ${spec['vlan']} dev ${spec['dev']}`,
};

function declare(item: Spec, complain: Complain): readonly Declared[] {
  const [first, last = first] = String(item['vlan']).split('-').map(Number) as [number, number?];
  if (!(first >= 1 && first <= last && last <= MAX_VID)) {
    complain('vlan', `must be 1 to ${MAX_VID}, a range from the lower to the higher`);
    return [];
  }
  if (item['pvid'] === true && first !== last)
    complain('pvid', 'is for one VLAN: write that VLAN as an item of its own');
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    class: 'bridge-vlan' as const,
    spec: bridgeVlanSpec({ ...item, vlan: first + i }),
    path: '',
  }));
}

/** Canonical settings of a VLAN of a port. */
export function bridgeVlanSpec(seen: Spec): Spec {
  const { dev, vlan, pvid, untagged, self } = seen;
  return present({ dev, vlan, pvid, untagged, self });
}

function write({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as Spec;
  const ifiIndex = to.ifindex(String(spec['dev']));
  to.rtnl(op === 'remove' ? RTM_DELLINK : RTM_SETLINK, 0, (out) => {
    encodeIfinfomsg(out, { ifiFamily: AF_BRIDGE, ifiIndex });
    const nest = out.nestBegin(IFLA_AF_SPEC);
    if (spec['self'] === true) out.attrU16(IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
    const info = out.begin(IFLA_BRIDGE_VLAN_INFO);
    const flags =
      (spec['pvid'] === true ? BRIDGE_VLAN_INFO_PVID : 0) |
      (spec['untagged'] === true ? BRIDGE_VLAN_INFO_UNTAGGED : 0);
    encodeBridgeVlanInfo(out, { vid: spec['vlan'] as number, flags });
    out.nestEnd(info);
    out.nestEnd(nest);
  });
}
