// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { parseIp, parseMac } from '../../base/ip.ts';
import { NLM_F_CREATE, NLM_F_REPLACE } from '../../codec/generated/netlink.ts';
import {
  encodeNdmsg,
  encodeNeighAttrs,
  NTF_PROXY,
  NTF_ROUTER,
  NUD_NOARP,
  NUD_PERMANENT,
  RTM_DELNEIGH,
  RTM_NEWNEIGH,
} from '../../codec/generated/rt-neigh.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import type { Neighbour } from '../../model/neighbour.ts';
import type { Spec } from '../../model/object.ts';
import { declaredIp, declaredMac } from '../addresses.ts';
import { given, present } from '../fields.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';

/** An item of `neighbours`. */
export const NeighbourItem = Type.Object(
  {
    dst: Type.String({ description: 'IP address of the neighbour', minLength: 1 }),
    dev: Type.String({ description: 'Device that it is reached by', minLength: 1, maxLength: 15 }),
    lladdr: Type.Optional(Type.String({ description: 'Its MAC address' })),
    state: Type.Optional(Type.Enum(['permanent', 'noarp'], { description: 'permanent when absent' })),
    router: Type.Optional(Type.Literal(true, { description: 'It is a router (IPv6)' })),
    proxy: Type.Optional(
      Type.Literal(true, { description: 'This node answers for the address on the device' }),
    ),
  },
  { additionalProperties: false, description: 'A neighbour that is not learnt, or a proxy entry' },
);

type NeighbourSpec = Static<typeof NeighbourItem>;

/**
 * Neighbours that stay and proxy entries (net/core/neighbour.c neigh_add()). What the kernel has learnt of an address
 * itself is a cache, no object: declaring the neighbour puts an end to it.
 */
export const neighbour: ObjectClass = {
  name: 'neighbour',
  section: { document: 'Network', name: 'neighbours', schema: NeighbourItem },
  compare: 'whole',
  declare: (item, complain) => declareNeighbour(item as NeighbourSpec, complain),
  item: (spec) => spec,
  key: (spec) => `${spec['dst']} dev ${spec['dev']}${spec['proxy'] === true ? ' proxy' : ''}`,
  needs: (spec) => [{ class: 'link', key: String(spec['dev']) }],
  write,
  describe: ({ dst, dev, lladdr, proxy }) =>
    `neighbour ${dst} dev ${dev}${proxy === true ? ' proxy' : lladdr === undefined ? '' : ` lladdr ${lladdr}`}`,
};

function declareNeighbour(item: NeighbourSpec, complain: Complain): readonly Declared[] {
  const dst = declaredIp(item.dst, 'dst', complain);
  const { lladdr, proxy, state, router } = item;
  if (proxy === true) {
    for (const [name, value] of Object.entries({ lladdr, state }))
      if (value !== undefined) complain(name, 'a proxy entry has none: leave it out');
  } else if (lladdr === undefined && state !== 'noarp')
    complain('lladdr', 'is missing: give the MAC address');
  if (router === true && dst?.includes(':') === false) complain('router', 'is for IPv6 only: leave it out');
  const spec = present({
    ...item,
    dst,
    lladdr: declaredMac(lladdr, 'lladdr', complain),
    state: state === 'permanent' ? undefined : state,
  });
  return dst === undefined ? [] : [{ class: 'neighbour', spec, path: '' }];
}

/** The canonical settings of an entry that somebody set; undefined for one that the kernel keeps by itself. */
export function neighbourSpec(seen: Neighbour): Spec | undefined {
  const proxy = seen.proxy === null;
  const noarp = seen.state?.includes('NOARP') === true;
  if (!proxy && !noarp && seen.state?.includes('PERMANENT') !== true) return undefined;
  return present({
    dst: seen.dst,
    dev: seen.dev,
    lladdr: proxy || seen.lladdr === '00:00:00:00:00:00' ? undefined : seen.lladdr,
    state: noarp ? 'noarp' : undefined,
    router: seen.router === null ? true : undefined,
    proxy: proxy ? true : undefined,
  });
}

/** One that the kernel has learnt is replaced. */
function write({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as NeighbourSpec;
  const ndmIfindex = to.ifindex(spec.dev);
  const ndaDst = parseIp(spec.dst);
  const [type, flags] = op === 'remove' ? [RTM_DELNEIGH, 0] : [RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE];
  to.rtnl(type, flags, (out) => {
    encodeNdmsg(out, {
      ndmFamily: ndaDst.length === 4 ? AF_INET : AF_INET6,
      ndmIfindex,
      ndmState: spec.proxy === true ? 0 : spec.state === 'noarp' ? NUD_NOARP : NUD_PERMANENT,
      ndmFlags: (spec.proxy === true ? NTF_PROXY : 0) | (spec.router === true ? NTF_ROUTER : 0),
    });
    encodeNeighAttrs(out, present({ ndaDst, ndaLladdr: given(spec.lladdr, parseMac) }));
  });
}
