// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import {
  BRIDGE_VLAN_INFO_PVID,
  BRIDGE_VLAN_INFO_UNTAGGED,
  decodeBridgeVlanInfo,
  decodeIfinfomsg,
  encodeIfinfomsg,
  encodeLinkAttrs,
  IFINFOMSG_SIZE,
  IFLA_AF_SPEC,
  IFLA_BRIDGE_VLAN_INFO,
  IFLA_MASTER,
  RTEXT_FILTER_BRVLAN,
  RTM_GETLINK,
} from '../../codec/generated/rt-link.ts';
import { lengthAt, scanAttrs, u32At } from '../../codec/scan.ts';
import { NETLINK } from '../../kernel/ports.ts';
import { bridgeVlanSpec } from '../../kinds/bridge-vlan/bridge-vlan.ts';
import { AF_BRIDGE } from '../../model/names/families.ts';
import type { Spec } from '../../model/object.ts';
import type { ClassReader } from './class-reader.ts';

/** VLANs of bridges and their ports (net/bridge/br_netlink.c br_fill_ifvlaninfo()). */
export const bridgeVlanReader: ClassReader = {
  class: 'bridge-vlan',
  async read({ io, nameOf }, _want, found) {
    const transport = await io.netlink(NETLINK.ROUTE);
    let specs: Spec[] = [];
    const payload = payloadOf((out) => {
      encodeIfinfomsg(out, { ifiFamily: AF_BRIDGE });
      encodeLinkAttrs(out, { extMask: RTEXT_FILTER_BRVLAN });
    });
    await transport.dump(
      { type: RTM_GETLINK, payload, operation: 'RTM_GETLINK dump of bridge VLANs' },
      (wire, start, end) => specs.push(...vlansIn(wire, start, end, nameOf)),
      { restart: () => (specs = []) },
    );
    for (const spec of specs) found(spec);
  },
};

const offsets = new Int32Array(IFLA_AF_SPEC + 1);

/** The VLANs in one message; a bridge's own has no master. */
export function vlansIn(
  wire: Wire,
  start: number,
  end: number,
  nameOf: (ifindex: number) => string,
): readonly Spec[] {
  const { ifiIndex } = decodeIfinfomsg(wire, start, Math.min(end, start + IFINFOMSG_SIZE));
  scanAttrs(wire, start + IFINFOMSG_SIZE, end, offsets);
  const master = u32At(wire, offsets[IFLA_MASTER]);
  const self = master === 0 || master === ifiIndex;
  const at = offsets[IFLA_AF_SPEC] ?? 0;
  return infosIn(wire, at, at + lengthAt(wire, at)).map(({ vid, flags }) =>
    bridgeVlanSpec({
      dev: nameOf(ifiIndex),
      vlan: vid,
      pvid: (flags & BRIDGE_VLAN_INFO_PVID) !== 0 || undefined,
      untagged: (flags & BRIDGE_VLAN_INFO_UNTAGGED) !== 0 || undefined,
      self: self || undefined,
    }),
  );
}

function infosIn(wire: Wire, start: number, end: number) {
  const found = [];
  for (let at = start; at + 4 <= end; ) {
    const length = Math.max(4, wire.view.getUint16(at, true));
    if (wire.view.getUint16(at + 2, true) === IFLA_BRIDGE_VLAN_INFO)
      found.push(decodeBridgeVlanInfo(wire, at + 4, Math.min(at + length, end)));
    at += (length + 3) & ~3;
  }
  return found;
}
