// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { parseIp, renderIp } from '../../base/ip.ts';
import type { Encoder } from '../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../../codec/generated/netlink.ts';
import {
  encodeNexthopAttrs,
  encodeNhmsg,
  NEXTHOP_GRP_TYPE_RES,
  type NexthopAttrs,
  type Nhmsg,
  RTM_DELNEXTHOP,
  RTM_NEWNEXTHOP,
} from '../../codec/generated/nexthop.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import { RTPROT_WEIR, rtProtoName } from '../../model/names/rt-protos.ts';
import type { Ref, Spec } from '../../model/object.ts';
import { declaredIp } from '../addresses.ts';
import { given, present } from '../fields.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';
import {
  declareEncap,
  EncapField,
  encapAttrs,
  encapRequirements,
  encapSpec,
  encapType,
} from '../route/encap.ts';
import { protocolNumber } from '../route/names.ts';

const U32 = 0xffff_ffff;
const RTNH_F_ONLINK = 4;
/** Of a resilient group that names none: 128 buckets, 120 seconds, never. */
const RESILIENT = { buckets: 128, idle_timer: 120, unbalanced_timer: 0 };
const id = (description: string) => Type.Integer({ description, minimum: 1, maximum: U32 });
const yes = (description: string) => Type.Optional(Type.Literal(true, { description }));
const time = (description: string) =>
  Type.Optional(Type.Integer({ description, minimum: 0, maximum: 42_949_672 }));

const Member = Type.Object(
  {
    id: id('A nexthop'),
    weight: Type.Optional(
      Type.Integer({ description: 'Its share; 1 when absent', minimum: 1, maximum: 256 }),
    ),
  },
  { additionalProperties: false },
);

/** An item of `nexthops`. */
export const NexthopItem = Type.Object(
  {
    id: id('Number that routes and groups name it by'),
    gateway: Type.Optional(Type.String({ description: 'Address of the router', minLength: 1 })),
    dev: Type.Optional(Type.String({ description: 'Device to send by', minLength: 1, maxLength: 15 })),
    family: Type.Optional(
      Type.Enum(['inet', 'inet6'], { description: 'Of one without a gateway; inet when absent' }),
    ),
    onlink: yes('The gateway is on the link whatever the addresses say'),
    encap: EncapField,
    blackhole: yes('Packets are dropped'),
    fdb: yes('For forwarding entries of VXLAN devices'),
    group: Type.Optional(Type.Array(Member, { description: 'It is a group of these', minItems: 1 })),
    type: Type.Optional(
      Type.Enum(['resilient'], { description: 'Flows stay with their nexthop when others change' }),
    ),
    resilient_args: Type.Optional(
      Type.Object(
        {
          buckets: Type.Optional(
            Type.Integer({ description: 'Size of its table', minimum: 1, maximum: 65535 }),
          ),
          idle_timer: time('Seconds after which a bucket may move'),
          unbalanced_timer: time('Seconds after which buckets must move; 0 is never'),
        },
        { additionalProperties: false, description: 'Of a resilient group' },
      ),
    ),
    protocol: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 255 }), Type.String({ minLength: 1 })], {
        description: 'Who made it; weir when absent',
      }),
    ),
  },
  { additionalProperties: false, description: 'A nexthop object or a group of them' },
);

type NexthopSpec = Static<typeof NexthopItem>;

/** Nexthop objects (net/ipv4/nexthop.c rtm_new_nexthop()). The id is their identity. */
export const nexthop: ObjectClass = {
  name: 'nexthop',
  section: { document: 'Network', name: 'nexthops', schema: NexthopItem },
  compare: 'whole',
  declare: (item, complain) => declareNexthop(item as NexthopSpec, complain),
  item: ({ protocol, ...rest }) => (protocol === 'weir' ? rest : { ...rest, protocol }),
  key: (spec) => String(spec['id']),
  needs,
  requires: (spec) => encapRequirements([(spec as NexthopSpec).encap]),
  unseen: ['encap.headroom'],
  // One cannot become a group or the other way round, nor a group another kind of group (nexthop.c replace_nexthop()).
  fixed: (before, after, differing) =>
    differing.filter(
      (name) =>
        ['type', 'fdb', 'family', 'resilient_args.buckets'].includes(name) ||
        (name === 'group' && (before['group'] === undefined) !== (after['group'] === undefined)) ||
        (name === 'resilient_args' && bucketsOf(before) !== bucketsOf(after)),
    ),
  write,
  describe: (spec) => `nexthop ${spec['id']}${wordsOf(spec as NexthopSpec)}`,
};

function declareNexthop(item: NexthopSpec, complain: Complain): readonly Declared[] {
  const gateway = declaredIp(item.gateway, 'gateway', complain);
  check(item, complain);
  const number = item.protocol === undefined ? RTPROT_WEIR : protocolNumber(item.protocol);
  if (number === undefined)
    complain('protocol', `"${item.protocol}" is no routing protocol: give its number`);
  const spec = present({
    ...item,
    gateway,
    family: item.family === 'inet6' && gateway === undefined ? 'inet6' : undefined,
    encap: item.encap && declareEncap(item.encap, 'encap', complain),
    group: item.group?.map(({ id, weight }) =>
      weight === undefined || weight === 1 ? { id } : { id, weight },
    ),
    resilient_args: item.type === 'resilient' ? { ...RESILIENT, ...item.resilient_args } : undefined,
    protocol: rtProtoName(number ?? 0),
  });
  return [{ class: 'nexthop', spec, path: '' }];
}

function check(item: NexthopSpec, complain: Complain): void {
  const { gateway, dev, onlink, blackhole, fdb, group, type, family } = item;
  const single = { gateway, dev, onlink, encap: item.encap, blackhole };
  if (group !== undefined || blackhole)
    for (const [name, value] of Object.entries(single))
      if (value !== undefined && (group !== undefined || name !== 'blackhole'))
        complain(name, `cannot stand beside ${group === undefined ? 'blackhole' : 'group'}: leave it out`);
  if (group === undefined && !blackhole && dev === undefined && !fdb)
    complain('dev', 'is missing: name the device');
  if (group === undefined && fdb && (gateway === undefined || dev !== undefined))
    complain('fdb', 'needs a gateway, and no dev');
  if (type !== undefined && group === undefined) complain('type', 'is for groups only: leave it out');
  if (item.resilient_args !== undefined && type !== 'resilient')
    complain('resilient_args', 'is for a group of `type: resilient`');
  if (onlink && gateway === undefined) complain('onlink', 'says something of a gateway: give one');
  if (family !== undefined && gateway !== undefined && gateway.includes(':') !== (family === 'inet6'))
    complain('family', 'is not that of the gateway: leave it out');
  const ids = group?.map((member) => member.id) ?? [];
  if (new Set(ids).size < ids.length) complain('group', 'names a nexthop twice: give it a weight');
}

/** The canonical settings of a nexthop that the kernel reports (net/ipv4/nexthop.c nh_fill_node()). */
export function nexthopSpec(header: Nhmsg, a: NexthopAttrs, nameOf: (ifindex: number) => string): Spec {
  const resilient = a.nhaGroupType === NEXTHOP_GRP_TYPE_RES && a.nhaGroup !== undefined;
  const args = a.nhaResGroup ?? {};
  const bare = a.nhaGateway === undefined && a.nhaGroup === undefined;
  return present({
    id: a.nhaId,
    gateway: given(a.nhaGateway, renderIp),
    dev: given(a.nhaOif, nameOf),
    family: bare && header.nhFamily === AF_INET6 ? 'inet6' : undefined,
    onlink: (header.nhFlags & RTNH_F_ONLINK) === 0 ? undefined : true,
    encap: encapSpec(a.nhaEncapType, a.nhaEncap),
    blackhole: a.nhaBlackhole,
    fdb: a.nhaFdb,
    group: a.nhaGroup?.map(({ id, weight }) => (weight === 0 ? { id } : { id, weight: weight + 1 })),
    type: resilient ? 'resilient' : undefined,
    resilient_args: resilient
      ? {
          buckets: args.nhaResGroupBuckets ?? 0,
          idle_timer: (args.nhaResGroupIdleTimer ?? 0) / 100,
          unbalanced_timer: (args.nhaResGroupUnbalancedTimer ?? 0) / 100,
        }
      : undefined,
    protocol: rtProtoName(header.nhProtocol),
  });
}

function needs(spec: Spec): readonly Ref[] {
  const { dev, group } = spec as NexthopSpec;
  if (group !== undefined) return group.map((member) => ({ class: 'nexthop', key: String(member.id) }));
  return dev === undefined ? [] : [{ class: 'link', key: dev }];
}

function write({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as NexthopSpec;
  if (op === 'remove') {
    to.rtnl(RTM_DELNEXTHOP, 0, (out) => {
      encodeNhmsg(out, {});
      encodeNexthopAttrs(out, { nhaId: spec.id });
    });
    return;
  }
  const nhaOif = given(spec.dev, (dev) => to.ifindex(dev));
  const encap = given(spec.encap, (one) => encapAttrs(one, (path) => to.bpf(path)));
  const flags = NLM_F_CREATE | (op === 'create' ? NLM_F_EXCL : NLM_F_REPLACE);
  to.rtnl(RTM_NEWNEXTHOP, flags, (out) => encode(out, spec, nhaOif, encap));
}

function encode(
  out: Encoder,
  spec: NexthopSpec,
  nhaOif: number | undefined,
  nhaEncap: NexthopAttrs['nhaEncap'],
): void {
  const v6 = spec.gateway?.includes(':') ?? spec.family === 'inet6';
  encodeNhmsg(out, {
    nhFamily: spec.group !== undefined ? 0 : v6 ? AF_INET6 : AF_INET,
    nhProtocol: protocolNumber(spec.protocol ?? RTPROT_WEIR) ?? RTPROT_WEIR,
    nhFlags: spec.onlink === true ? RTNH_F_ONLINK : 0,
  });
  const args = spec.resilient_args;
  encodeNexthopAttrs(
    out,
    present({
      nhaId: spec.id,
      nhaGroup: spec.group?.map(({ id, weight = 1 }) => ({ id, weight: weight - 1, weightHigh: 0 })),
      nhaGroupType: spec.type === undefined ? undefined : NEXTHOP_GRP_TYPE_RES,
      nhaBlackhole: spec.blackhole,
      nhaOif,
      nhaEncapType: given(spec.encap, encapType),
      nhaEncap,
      nhaGateway: given(spec.gateway, parseIp),
      nhaFdb: spec.fdb,
      nhaResGroup: args && {
        nhaResGroupBuckets: args.buckets ?? RESILIENT.buckets,
        nhaResGroupIdleTimer: (args.idle_timer ?? RESILIENT.idle_timer) * 100,
        nhaResGroupUnbalancedTimer: (args.unbalanced_timer ?? 0) * 100,
      },
    }),
  );
}

function bucketsOf(spec: Spec): number | undefined {
  return (spec as NexthopSpec).resilient_args?.buckets;
}

function wordsOf({ gateway, dev, group, blackhole }: NexthopSpec): string {
  if (group !== undefined) return ` group ${group.map(({ id }) => id).join('/')}`;
  if (blackhole === true) return ' blackhole';
  return `${gateway === undefined ? '' : ` via ${gateway}`}${dev === undefined ? '' : ` dev ${dev}`}`;
}
