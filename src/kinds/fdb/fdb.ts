// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { parseIp, parseMac, renderIp, renderMac } from '../../base/ip.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../../codec/generated/netlink.ts';
import {
  encodeNdmsg,
  encodeNeighAttrs,
  type Ndmsg,
  type NeighAttrs,
  NTF_MASTER,
  NTF_SELF,
  NTF_STICKY,
  NUD_NOARP,
  NUD_PERMANENT,
  RTM_DELNEIGH,
  RTM_NEWNEIGH,
} from '../../codec/generated/rt-neigh.ts';
import { AF_BRIDGE } from '../../model/names/families.ts';
import type { Ref, Spec } from '../../model/object.ts';
import { declaredIp, declaredMac } from '../addresses.ts';
import { given, present } from '../fields.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';

const U24 = 0xff_ffff;
const number = (description: string, minimum: number, maximum: number) =>
  Type.Optional(Type.Integer({ description, minimum, maximum }));

/** An item of `fdb`. */
export const FdbItem = Type.Object(
  {
    lladdr: Type.String({
      description: 'MAC address; all zeros for where VXLAN sends what it does not know',
    }),
    dev: Type.String({ description: 'Port of a bridge, or VXLAN device', minLength: 1, maxLength: 15 }),
    of: Type.Optional(
      Type.Enum(['master', 'self'], {
        description:
          "Whose table: the bridge's (master) or the device's own (self); self for a remote, else master",
      }),
    ),
    state: Type.Optional(
      Type.Enum(['permanent', 'static'], {
        description: 'static forwards by the port, permanent is an address of the node; static when absent',
      }),
    ),
    vlan: number('VLAN of the bridge', 1, 4094),
    sticky: Type.Optional(Type.Literal(true, { description: 'It does not move to another port' })),
    dst: Type.Optional(Type.String({ description: 'Address of the remote VXLAN end', minLength: 1 })),
    vni: number('VXLAN network id for the remote', 1, U24),
    port: number('UDP port of the remote', 1, 65535),
    via: Type.Optional(
      Type.String({ description: 'Device to reach the remote by', minLength: 1, maxLength: 15 }),
    ),
    src_vni: number('VXLAN network id that the entry is for', 1, U24),
    nhid: number('Nexthop group for forwarding entries', 1, 0xffff_ffff),
  },
  { additionalProperties: false, description: 'A forwarding entry of a bridge, or a VXLAN remote' },
);

type FdbSpec = Static<typeof FdbItem>;

const ANYWHERE = '00:00:00:00:00:00';
const REMOTE = ['dst', 'vni', 'port', 'via', 'src_vni', 'nhid'] as const;

/** Forwarding entries (net/core/rtnetlink.c rtnl_fdb_add(); net/bridge/br_fdb.c, drivers/net/vxlan/vxlan_core.c). */
export const fdb: ObjectClass = {
  name: 'fdb',
  section: { document: 'Network', name: 'fdb', schema: FdbItem },
  compare: 'whole',
  declare: (item, complain) => declareFdb(item as FdbSpec, complain),
  item: (spec) => spec,
  key: (spec) => keyOf(spec as FdbSpec),
  needs,
  fixed: (before, after, differing) =>
    before['nhid'] === after['nhid'] ? [] : differing.filter((name) => ['dst', 'nhid'].includes(name)),
  write,
  describe: (spec) => {
    const key = keyOf(spec as FdbSpec);
    const remote = spec['dst'] === undefined || spec['lladdr'] === ANYWHERE ? '' : ` dst ${spec['dst']}`;
    return `fdb ${key}${remote}`;
  },
};

/** An address of all zeros may have several remotes. */
function keyOf(spec: FdbSpec): string {
  const words = [spec.lladdr, 'dev', spec.dev, spec.of ?? 'master'];
  if (spec.vlan !== undefined) words.push('vlan', String(spec.vlan));
  if (spec.src_vni !== undefined) words.push('src_vni', String(spec.src_vni));
  if (spec.lladdr === ANYWHERE && spec.dst !== undefined) words.push('dst', spec.dst);
  return words.join(' ');
}

function declareFdb(item: FdbSpec, complain: Complain): readonly Declared[] {
  const lladdr = declaredMac(item.lladdr, 'lladdr', complain);
  const remote = REMOTE.filter((name) => item[name] !== undefined);
  const self = item.of === 'self' || (item.of === undefined && remote.length > 0);
  if (!self) for (const name of remote) complain(name, 'is for a VXLAN device: write `of: self`');
  if (self) {
    for (const name of ['vlan', 'sticky', 'state'] as const)
      if (item[name] !== undefined) complain(name, "is for a bridge's table only: leave it out");
    if (item.dst === undefined && item.nhid === undefined)
      complain('dst', 'is missing: give the remote address');
    if (item.dst !== undefined && item.nhid !== undefined)
      complain('nhid', 'cannot stand beside dst: keep one');
  }
  if (!self && lladdr === ANYWHERE) complain('lladdr', 'is no address of a station');
  const spec = present({
    ...item,
    lladdr,
    of: self ? 'self' : undefined,
    state: item.state === 'static' ? undefined : item.state,
    dst: declaredIp(item.dst, 'dst', complain),
  });
  return lladdr === undefined ? [] : [{ class: 'fdb', spec, path: '' }];
}

/** The canonical settings of an entry that somebody set; undefined for one that was learnt. */
export function fdbSpec(header: Ndmsg, a: NeighAttrs, nameOf: (ifindex: number) => string): Spec | undefined {
  const self = (header.ndmFlags & NTF_SELF) !== 0;
  const permanent = (header.ndmState & NUD_PERMANENT) !== 0;
  if (!permanent && (header.ndmState & NUD_NOARP) === 0) return undefined;
  if (a.ndaLladdr === undefined || (self && a.ndaDst === undefined && a.ndaNhId === undefined))
    return undefined;
  return present({
    lladdr: renderMac(a.ndaLladdr),
    dev: nameOf(header.ndmIfindex),
    of: self ? 'self' : undefined,
    state: permanent && !self ? 'permanent' : undefined,
    vlan: a.ndaVlan,
    sticky: (header.ndmFlags & NTF_STICKY) === 0 ? undefined : true,
    dst: given(a.ndaDst, renderIp),
    vni: a.ndaVni,
    port: a.ndaPort,
    via: given(a.ndaIfindex, nameOf),
    src_vni: a.ndaSrcVni,
    nhid: a.ndaNhId,
  });
}

function needs(spec: Spec): readonly Ref[] {
  const { dev, via, nhid } = spec as FdbSpec;
  const links = via === undefined ? [dev] : [dev, via];
  const refs: Ref[] = links.map((key) => ({ class: 'link', key }));
  return nhid === undefined ? refs : [...refs, { class: 'nexthop', key: String(nhid) }];
}

function write({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as FdbSpec;
  const ndmIfindex = to.ifindex(spec.dev);
  const ndaIfindex = given(spec.via, (via) => to.ifindex(via));
  const self = spec.of === 'self';
  // a further remote of an address is appended to those that it has
  const fresh = spec.lladdr === ANYWHERE ? NLM_F_APPEND : NLM_F_EXCL;
  const flags = { create: NLM_F_CREATE | fresh, change: NLM_F_CREATE | NLM_F_REPLACE, remove: 0 }[op];
  to.rtnl(op === 'remove' ? RTM_DELNEIGH : RTM_NEWNEIGH, flags, (out) => {
    encodeNdmsg(out, {
      ndmFamily: AF_BRIDGE,
      ndmIfindex,
      ndmState: self || spec.state === 'permanent' ? NUD_PERMANENT : NUD_NOARP,
      ndmFlags: (self ? NTF_SELF : NTF_MASTER) | (spec.sticky === true ? NTF_STICKY : 0),
    });
    encodeNeighAttrs(
      out,
      present({
        ndaLladdr: parseMac(spec.lladdr),
        ndaDst: given(spec.dst, parseIp),
        ndaVlan: spec.vlan,
        ndaPort: spec.port,
        ndaVni: spec.vni,
        ndaIfindex,
        ndaSrcVni: spec.src_vni,
        ndaNhId: spec.nhid,
      }),
    );
  });
}
