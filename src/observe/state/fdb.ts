// SPDX-License-Identifier: Apache-2.0
import { payloadOf } from '../../codec/encoder.ts';
import {
  decodeNdmsg,
  decodeNeighAttrs,
  encodeNdmsg,
  NDMSG_SIZE,
  NTF_EXT_LEARNED,
  RTM_GETNEIGH,
} from '../../codec/generated/rt-neigh.ts';
import { NETLINK } from '../../kernel/ports.ts';
import { fdb, fdbSpec } from '../../kinds/fdb/fdb.ts';
import type { Link } from '../../model/link.ts';
import { AF_BRIDGE } from '../../model/names/families.ts';
import type { Spec } from '../../model/object.ts';
import { type ClassReader, isWanted } from './class-reader.ts';

/** Forwarding entries of bridges and VXLAN devices that somebody set. */
export const fdbReader: ClassReader = {
  class: 'fdb',
  async read({ io, links, nameOf }, want, found) {
    const transport = await io.netlink(NETLINK.ROUTE);
    const payload = payloadOf((out) => encodeNdmsg(out, { ndmFamily: AF_BRIDGE }));
    const request = { type: RTM_GETNEIGH, payload, operation: 'RTM_GETNEIGH dump of forwarding entries' };
    await transport.dump(request, (wire, start, end) => {
      const header = decodeNdmsg(wire, start, Math.min(end, start + NDMSG_SIZE));
      const spec = fdbSpec(header, decodeNeighAttrs(wire, start + NDMSG_SIZE, end), nameOf);
      if (spec === undefined) return;
      // the bridge makes permanent entries of its ports' addresses, control planes those that are learnt
      const own =
        spec['state'] === 'permanent' ||
        (header.ndmFlags & NTF_EXT_LEARNED) !== 0 ||
        isDefaultRemote(spec, links.row(header.ndmIfindex)?.link);
      const key = fdb.key(spec);
      if (own ? want.keys.has(key) : isWanted(want, key, spec['dev'] as string)) found(spec);
    });
  },
};

/** A VXLAN device makes the entry for its own `remote` or `group` itself (drivers/net/vxlan/vxlan_core.c __vxlan_dev_create()). */
function isDefaultRemote(spec: Spec, link: Link | undefined): boolean {
  const { remote, remote6, group, group6 } = link?.linkinfo?.info_data ?? {};
  return spec['lladdr'] === '00:00:00:00:00:00' && [remote, remote6, group, group6].includes(spec['dst']);
}
