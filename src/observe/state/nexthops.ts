// SPDX-License-Identifier: Apache-2.0
import { decodeNexthopAttrs, decodeNhmsg, NHMSG_SIZE } from '../../codec/generated/nexthop.ts';
import { NETLINK } from '../../kernel/ports.ts';
import { nexthop, nexthopSpec } from '../../kinds/nexthop/nexthop.ts';
import { nexthopDump } from '../dump-requests.ts';
import { type ClassReader, isWanted } from './class-reader.ts';

/** Nexthop objects and groups. */
export const nexthopReader: ClassReader = {
  class: 'nexthop',
  async read({ io, nameOf }, want, found) {
    const transport = await io.netlink(NETLINK.ROUTE);
    await transport.dump(nexthopDump(), (wire, start, end) => {
      const header = decodeNhmsg(wire, start, Math.min(end, start + NHMSG_SIZE));
      const spec = nexthopSpec(header, decodeNexthopAttrs(wire, start + NHMSG_SIZE, end), nameOf);
      if (isWanted(want, nexthop.key(spec), spec['dev'] as string | undefined)) found(spec);
    });
  },
};
