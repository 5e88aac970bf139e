// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { type IpPrefix, parseIp, parsePrefix, renderIp } from '../../base/ip.ts';
import type { Encoder } from '../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../../codec/generated/netlink.ts';
import {
  encodeAddrAttrs,
  encodeIfaddrmsg,
  IFA_F_HOMEADDRESS,
  IFA_F_MANAGETEMPADDR,
  IFA_F_MCAUTOJOIN,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  RTM_DELADDR,
  RTM_NEWADDR,
} from '../../codec/generated/rt-addr.ts';
import type { Address } from '../../model/address.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import { RT_SCOPES } from '../../model/names/rt-scopes.ts';
import type { Spec } from '../../model/object.ts';
import { attempt } from '../addresses.ts';
import { present } from '../fields.ts';
import type { Change, Complain, Declared, ObjectClass, OperationSink } from '../object-class.ts';

const FOREVER = 0xffff_ffff;

/** Flags that a document may set, by the names of `ip`. */
const FLAGS = {
  home: IFA_F_HOMEADDRESS,
  mngtmpaddr: IFA_F_MANAGETEMPADDR,
  nodad: IFA_F_NODAD,
  noprefixroute: IFA_F_NOPREFIXROUTE,
  autojoin: IFA_F_MCAUTOJOIN,
} as const;

const flag = (description: string) => Type.Optional(Type.Literal(true, { description }));
const lifetime = (description: string, least: number) =>
  Type.Optional(Type.Integer({ description, minimum: least, maximum: FOREVER - 1 }));

/** An address as other items nest it: the device is theirs. */
export const AddressFields = {
  address: Type.String({ description: 'The own address with its prefix length: 192.0.2.1/24' }),
  peer: Type.Optional(Type.String({ description: 'Address of the other end of a point-to-point device' })),
  broadcast: Type.Optional(Type.String({ description: 'Broadcast address (IPv4)' })),
  scope: Type.Optional(
    Type.Enum(['global', 'site', 'link', 'host'], { description: 'Where it is valid (IPv4)' }),
  ),
  label: Type.Optional(
    Type.String({ description: 'Label, the device or device:text (IPv4)', maxLength: 15 }),
  ),
  metric: Type.Optional(
    Type.Integer({ description: 'Metric of the prefix route', minimum: 1, maximum: FOREVER }),
  ),
  valid_life_time: lifetime('Seconds until the kernel removes it; for ever when absent', 1),
  preferred_life_time: lifetime('Seconds until it is deprecated; valid_life_time when absent', 0),
  home: flag('A home address (RFC 6275)'),
  mngtmpaddr: flag('Make temporary addresses from it (RFC 8981)'),
  nodad: flag('Without duplicate address detection (IPv6)'),
  noprefixroute: flag('Without a route to its prefix'),
  autojoin: flag('Join the multicast group'),
};

/** An item of `addresses`. */
export const AddressItem = Type.Object(
  {
    dev: Type.String({ description: 'Device that carries it', minLength: 1, maxLength: 15 }),
    ...AddressFields,
  },
  { additionalProperties: false, description: 'An IPv4 or IPv6 address of a device' },
);

type AddressSpec = Static<typeof AddressItem>;

/**
 * Addresses (net/ipv4/devinet.c inet_rtm_newaddr(), net/ipv6/addrconf.c inet6_rtm_newaddr()). Identity is device,
 * address and prefix length: the kernel takes the same address with another prefix length for another one.
 */
export const address: ObjectClass = {
  name: 'address',
  section: { document: 'Network', name: 'addresses', schema: AddressItem },
  compare: 'whole',
  declare: (item, complain) => declareAddress(item as AddressSpec, complain),
  item: (spec) => spec,
  key: (spec) => `${spec['address']} dev ${spec['dev']}`,
  needs: (spec) => [{ class: 'link', key: String(spec['dev']) }],
  agrees: (field, declared, observed) =>
    field.endsWith('_life_time') && (observed as number) <= (declared as number),
  // The kernel changes lifetimes, flags and metric in place, the rest is part of what it is.
  fixed: (_before, _after, differing) =>
    differing.filter((name) => ['peer', 'broadcast', 'scope', 'label'].includes(name)),
  write,
  describe: (spec) => `address ${spec['address']} dev ${spec['dev']}`,
};

/** Canonical objects of an address, also of one that is nested in its device's item. */
export function declareAddress(item: AddressSpec, complain: Complain): readonly Declared[] {
  const local = attempt(() => parsePrefix(item.address), 'address', complain);
  if (local === undefined) return [];
  const v4 = local.address.length === 4;
  for (const name of ['broadcast', 'scope', 'label'] as const)
    if (!v4 && item[name] !== undefined) complain(name, 'is for IPv4 only: leave it out');
  for (const name of ['home', 'mngtmpaddr', 'nodad'] as const)
    if (v4 && item[name] !== undefined) complain(name, 'is for IPv6 only: leave it out');
  const valid = item.valid_life_time ?? FOREVER;
  if ((item.preferred_life_time ?? valid) > valid)
    complain('preferred_life_time', 'must not be longer than valid_life_time');
  // The kernel says of such an address that both are for ever (net/ipv4/devinet.c inet_fill_ifaddr()).
  if (v4 && item.preferred_life_time !== undefined && item.valid_life_time === undefined)
    complain('valid_life_time', 'is missing: an IPv4 address for ever is preferred for ever');
  const spec = present({
    ...item,
    address: renderPrefix(local),
    peer: other(ip(item.peer, 'peer', local, complain), renderIp(local.address)),
    broadcast: other(ip(item.broadcast, 'broadcast', local, complain), '0.0.0.0'),
    preferred_life_time: item.preferred_life_time ?? item.valid_life_time,
    scope: item.scope === 'global' ? undefined : item.scope,
    label: item.label === item.dev ? undefined : item.label,
  });
  return [{ class: 'address', spec, path: '' }];
}

/** The canonical settings of an address that the kernel reports. */
export function addressSpec(seen: Address): Spec {
  const flags = Object.keys(FLAGS).filter(
    (name) => (seen as unknown as Record<string, unknown>)[name] === true,
  );
  return present({
    dev: seen.ifname,
    address: `${seen.local}/${seen.prefixlen}`,
    peer: seen.address,
    broadcast: seen.broadcast,
    scope: seen.family === 'inet6' || seen.scope === 'global' ? undefined : seen.scope,
    label: seen.label === seen.ifname ? undefined : seen.label,
    metric: seen.metric,
    valid_life_time: limited(seen.valid_life_time),
    preferred_life_time: limited(seen.preferred_life_time),
    ...Object.fromEntries(flags.map((name) => [name, true])),
  });
}

const limited = (seconds: number | undefined) => (seconds === FOREVER ? undefined : seconds);

function write({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as AddressSpec;
  const ifaIndex = to.ifindex(spec.dev);
  const type = op === 'remove' ? RTM_DELADDR : RTM_NEWADDR;
  const flags = { create: NLM_F_CREATE | NLM_F_EXCL, change: NLM_F_REPLACE, remove: 0 }[op];
  to.rtnl(type, flags, (out) => encode(out, spec, ifaIndex));
}

function encode(out: Encoder, spec: AddressSpec, ifaIndex: number): void {
  const { address: local, prefixlen } = parsePrefix(spec.address);
  const flags = Object.entries(FLAGS).reduce(
    (bits, [name, bit]) => (spec[name as keyof typeof FLAGS] === true ? bits | bit : bits),
    0,
  );
  const ifaScope = Object.keys(RT_SCOPES).find((number) => RT_SCOPES[Number(number)] === spec.scope);
  encodeIfaddrmsg(out, {
    ifaFamily: local.length === 4 ? AF_INET : AF_INET6,
    ifaPrefixlen: prefixlen,
    ifaScope: Number(ifaScope ?? 0),
    ifaIndex,
  });
  encodeAddrAttrs(out, {
    ifaLocal: local,
    ifaAddress: spec.peer === undefined ? local : parseIp(spec.peer),
    ifaFlags: flags,
    ...(spec.broadcast !== undefined && { ifaBroadcast: parseIp(spec.broadcast) }),
    ...(spec.label !== undefined && { ifaLabel: spec.label }),
    ...(spec.metric !== undefined && { ifaRtPriority: spec.metric }),
    ...((spec.valid_life_time ?? spec.preferred_life_time) !== undefined && {
      ifaCacheinfo: lifetimes(spec),
    }),
  });
}

function lifetimes(spec: AddressSpec) {
  const ifaValid = spec.valid_life_time ?? FOREVER;
  return { ifaPrefered: spec.preferred_life_time ?? ifaValid, ifaValid, cstamp: 0, tstamp: 0 };
}

function renderPrefix({ address: bytes, prefixlen }: IpPrefix): string {
  return `${renderIp(bytes)}/${prefixlen}`;
}

/** The kernel tells neither a peer that is the address itself nor an empty broadcast address. */
function other(text: string | undefined, untold: string): string | undefined {
  return text === untold ? undefined : text;
}

function ip(text: string | undefined, name: string, local: IpPrefix, complain: Complain): string | undefined {
  if (text === undefined) return undefined;
  const bytes = attempt(() => parseIp(text), name, complain);
  if (bytes !== undefined && bytes.length !== local.address.length)
    complain(name, 'must be of the same family as the address');
  return bytes && renderIp(bytes);
}
