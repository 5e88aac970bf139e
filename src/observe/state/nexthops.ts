// SPDX-License-Identifier: Apache-2.0
import { decodeNexthopAttrs, decodeNhmsg, NHMSG_SIZE } from '../../codec/generated/nexthop.ts';
import { NETLINK, type NetlinkTransport } from '../../kernel/ports.ts';
import { nexthop, nexthopSpec } from '../../kinds/nexthop/nexthop.ts';
import type { Spec } from '../../model/object.ts';
import { nexthopDump } from '../dump-requests.ts';
import { type ClassReader, isWanted } from './class-reader.ts';

/** Ids of these nexthops and of the groups that use them. */
export async function withGroups(
  transport: NetlinkTransport,
  ids: ReadonlySet<string>,
): Promise<ReadonlySet<number>> {
  const found = new Set([...ids].map(Number));
  await transport.dump(nexthopDump(), (wire, start, end) => {
    const { nhaId, nhaGroup } = decodeNexthopAttrs(wire, start + NHMSG_SIZE, end);
    if (nhaId !== undefined && nhaGroup?.some(({ id }) => ids.has(String(id)))) found.add(nhaId);
  });
  return found;
}

/** Nexthop objects and groups. */
export const nexthopReader: ClassReader = {
  class: 'nexthop',
  async read({ io, nameOf }, want, found) {
    const transport = await io.netlink(NETLINK.ROUTE);
    const wanted = new Set(want.byNexthops);
    const groups: Spec[] = [];
    await transport.dump(nexthopDump(), (wire, start, end) => {
      const header = decodeNhmsg(wire, start, Math.min(end, start + NHMSG_SIZE));
      const spec = nexthopSpec(header, decodeNexthopAttrs(wire, start + NHMSG_SIZE, end), nameOf);
      const key = nexthop.key(spec);
      if (isWanted(want, key, spec['dev'] as string | undefined)) {
        if (want.onLinks.has(String(spec['dev']))) wanted.add(key);
        found(spec);
      } else if (spec['group'] !== undefined) groups.push(spec);
    });
    for (const group of groups)
      if ((group['group'] as readonly Spec[]).some(({ id }) => wanted.has(String(id)))) found(group);
  },
};
