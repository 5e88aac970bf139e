// SPDX-License-Identifier: Apache-2.0
import { NLM_F_CREATE, NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import {
  encodeIfinfomsg,
  encodeLinkAttrs,
  IFF_UP,
  type LinkAttrs,
  RTM_DELLINK,
  RTM_DELLINKPROP,
  RTM_NEWLINK,
  RTM_NEWLINKPROP,
} from '../../codec/generated/rt-link.ts';
import type { Spec } from '../../model/object.ts';
import type { Change, OperationSink, TunSettings } from '../object-class.ts';
import { FIRST_SETTINGS, flagsOf, LATER_SETTINGS } from './common.ts';
import { declaredKind, PORT_SETTINGS } from './declared.ts';
import type { Attributes, Settings } from './setting.ts';

/** MTU of Ethernet (include/uapi/linux/if_ether.h). */
const ETH_DATA_LEN = 1500;

/** Flags and attributes of one message to a link. */
interface Message {
  readonly type?: number;
  readonly flags?: number;
  readonly index?: number;
  readonly set?: number;
  readonly mask?: number;
  readonly attrs: Attributes;
}

/** Write the change of a link. */
export function writeLink(change: Change, to: OperationSink): void {
  if (change.op === 'create') create(change.after as Spec, to);
  else if (change.op === 'change') alter(change.before as Spec, change.after as Spec, to);
  else remove(change.before as Spec, to);
}

function create(spec: Spec, to: OperationSink): void {
  const name = String(spec['name']);
  const first = attributesOf(FIRST_SETTINGS, spec, to);
  const later = attributesOf(LATER_SETTINGS, telling(LATER_SETTINGS, spec), to);
  const port = portInfo(spec, undefined, to);
  const info = kindInfo(spec, undefined, to);
  const flags = flagsOf(spec);
  // Flags take effect before the master: what has one is switched on when it is in place.
  const afterwards = spec['master'] !== undefined || port !== undefined || isNotEmpty(later);
  const atOnce = afterwards ? { set: 0, mask: 0 } : flags;
  if (spec['kind'] === 'tun') {
    to.tun(tunSettings('create', spec));
    send(to, { ...flags, attrs: { ifname: name, ...first, ...later } });
  } else {
    send(to, {
      flags: NLM_F_CREATE | NLM_F_EXCL,
      ...atOnce,
      attrs: { ifname: name, ...first, ...provisionalMtu(spec), linkinfo: info },
    });
    if (spec['kind'] === 'bridge' && spec['mtu'] !== undefined)
      send(to, { attrs: { ifname: name, mtu: spec['mtu'] } });
    if (isNotEmpty(later)) send(to, { attrs: { ifname: name, ...later } });
  }
  if (port !== undefined) send(to, { attrs: { ifname: name, linkinfo: port } });
  if (afterwards && flags.mask !== 0 && spec['kind'] !== 'tun')
    send(to, { ...flags, attrs: { ifname: name } });
  altnames(name, 0, [], spec['altnames'], to);
}

/**
 * A bridge follows the MTU of its ports until its own has been changed (net/bridge/br_device.c br_change_mtu()): what
 * it is made with does not count, so that it is made with another one.
 */
function provisionalMtu({ kind, mtu }: Spec): Attributes {
  if (kind !== 'bridge' || mtu === undefined) return {};
  return { mtu: mtu === ETH_DATA_LEN ? ETH_DATA_LEN - 1 : ETH_DATA_LEN };
}

function alter(before: Spec, after: Spec, to: OperationSink): void {
  const index = to.ifindex(String(after['name']));
  const changed = difference(before, after);
  const attrs = attributesOf({ ...FIRST_SETTINGS, ...LATER_SETTINGS }, changed, to);
  if (gone(before, after, 'master')) attrs['master'] = 0;
  if (gone(before, after, 'ifalias')) attrs['ifalias'] = '';
  const info =
    after['kind'] === undefined || after['kind'] === 'tun' ? undefined : kindInfo(after, before, to);
  const port = portInfo(after, attrs['master'] === undefined ? before : undefined, to);
  const flags = flagsOf(changed);
  const { downFirst, upAgain } = bondPort(before, after, attrs);
  if (downFirst) send(to, { index, set: 0, mask: IFF_UP, attrs: {} });
  // A device that was too small for IPv6 refuses its settings until it has been made larger.
  if (
    attrs['afSpec'] !== undefined &&
    before['inet6_addr_gen_mode'] === undefined &&
    attrs['mtu'] !== undefined
  )
    send(to, { index, attrs: { mtu: attrs['mtu'] } });
  if (info?.data !== undefined) attrs['linkinfo'] = info;
  // A port's settings go to the master that it has when the message arrives.
  const separate = port !== undefined && (attrs['master'] !== undefined || attrs['linkinfo'] !== undefined);
  if (port !== undefined && !separate) attrs['linkinfo'] = port;
  const up = (flags.set & IFF_UP) !== 0 && (separate || attrs['master'] !== undefined);
  const now = up ? { set: flags.set & ~IFF_UP, mask: flags.mask & ~IFF_UP } : flags;
  if (isNotEmpty(attrs) || now.mask !== 0) send(to, { index, ...now, attrs });
  if (separate) send(to, { index, attrs: { linkinfo: port } });
  if (up || upAgain) send(to, { index, set: IFF_UP, mask: IFF_UP, attrs: {} });
  altnames(String(after['name']), index, before['altnames'], after['altnames'], to);
}

/**
 * A bond takes only ports that are down (drivers/net/bonding/bond_main.c bond_enslave()), and switches them on; those that
 * it lets go it switches off (__bond_release_one()).
 */
function bondPort(before: Spec, after: Spec, attrs: Attributes) {
  const ofBond = (spec: Spec) => (spec['port'] as Spec | undefined)?.['kind'] === 'bond';
  const moves = attrs['master'] !== undefined;
  const downFirst = moves && ofBond(after) && before['state'] === 'up';
  const left = moves && ofBond(before);
  return { downFirst, upAgain: (downFirst || left) && after['state'] === 'up' };
}

function remove(spec: Spec, to: OperationSink): void {
  if (spec['kind'] === 'tun') to.tun(tunSettings('remove', spec));
  else send(to, { type: RTM_DELLINK, index: to.ifindex(String(spec['name'])), attrs: {} });
}

function send(to: OperationSink, { type = RTM_NEWLINK, flags = 0, index = 0, ...rest }: Message): void {
  to.rtnl(type, flags, (out) => {
    encodeIfinfomsg(out, { ifiIndex: index, ifiFlags: rest.set ?? 0, ifiChange: rest.mask ?? 0 });
    encodeLinkAttrs(out, rest.attrs as LinkAttrs);
  });
}

/** IFLA_LINKINFO of the kind: all settings when it is made, those that differ when it is there. */
function kindInfo(after: Spec, before: Spec | undefined, to: OperationSink) {
  const name = String(after['kind']);
  const kind = declaredKind(name);
  const all = (after[name] ?? {}) as Spec;
  const was = before && ((before[name] ?? {}) as Spec);
  const differs = was === undefined ? telling(kind?.settings ?? {}, all) : difference(was, all);
  const changed = kind?.repeats && isNotEmpty(differs) ? all : differs;
  const data = {
    ...attributesOf(kind?.settings ?? {}, changed, to),
    ...(was === undefined || isNotEmpty(changed)
      ? kind?.joined?.(changed, all, was, (netns) => to.netns(netns))
      : {}),
  };
  return { kind: name, ...(isNotEmpty(data) && { data: { kind: name, ...data } }) };
}

/** IFLA_LINKINFO with the settings of the port that differ; undefined when there are none. */
function portInfo(after: Spec, before: Spec | undefined, to: OperationSink) {
  const { kind, ...settings } = (after['port'] ?? {}) as Spec;
  const changed = difference((before?.['port'] ?? {}) as Spec, settings);
  const data = attributesOf(PORT_SETTINGS[String(kind)] ?? {}, changed, to);
  return isNotEmpty(data) ? { slaveKind: kind, slaveData: { kind, ...data } } : undefined;
}

/** Without what a new device has anyway. */
function telling(settings: Settings, values: Spec): Spec {
  const entries = Object.entries(values);
  return Object.fromEntries(entries.filter(([name, value]) => !same(settings[name]?.silent, value)));
}

function attributesOf(settings: Settings, values: Spec, to: OperationSink): Attributes {
  const out: Attributes = {};
  for (const [name, value] of Object.entries(values))
    Object.assign(
      out,
      settings[name]?.attributes(value as never, (device) => to.ifindex(device)),
    );
  return out;
}

/** Further names are a list of their own in the kernel (net/core/rtnetlink.c rtnl_linkprop()). */
function altnames(name: string, index: number, before: unknown, after: unknown, to: OperationSink): void {
  const [was, will] = [before, after].map((list) => (list ?? []) as readonly string[]) as [
    string[],
    string[],
  ];
  const whom = index === 0 ? { ifname: name } : {};
  const change = (type: number, list: readonly string[]) => {
    if (list.length === 0) return;
    send(to, {
      type,
      flags: type === RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL : 0,
      index,
      attrs: { ...whom, propList: { altIfname: list } },
    });
  };
  change(
    RTM_DELLINKPROP,
    was.filter((one) => !will.includes(one)),
  );
  change(
    RTM_NEWLINKPROP,
    will.filter((one) => !was.includes(one)),
  );
}

const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b);

/** The settings of `after` that are not the same in `before`. */
function difference(before: Spec, after: Spec): Spec {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => !same(before[name], value)));
}

const gone = (before: Spec, after: Spec, name: string) =>
  before[name] !== undefined && after[name] === undefined;

const isNotEmpty = (fields: object) => Object.keys(fields).length > 0;

function tunSettings(op: 'create' | 'remove', spec: Spec): TunSettings {
  const tun = (spec['tun'] ?? {}) as Spec;
  return {
    op,
    name: String(spec['name']),
    mode: tun['type'] as 'tun' | 'tap',
    multiQueue: tun['multi_queue'] === true,
    pi: tun['pi'] === true,
    vnetHdr: tun['vnet_hdr'] === true,
    ...(tun['user'] !== undefined && { user: tun['user'] as number }),
    ...(tun['group'] !== undefined && { group: tun['group'] as number }),
  };
}
