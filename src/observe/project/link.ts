// SPDX-License-Identifier: Apache-2.0
import { hex } from '../../base/bytes.ts';
import { renderIp, renderMac } from '../../base/ip.ts';
import type { Wire } from '../../base/wire.ts';
import {
  decodeIfinfomsg,
  decodeLinkAttrs,
  IFINFOMSG_SIZE,
  type Ifinfomsg,
  LINK_ATTRS,
  type LinkAttrs,
  type LinkinfoAttrs,
  type XdpAttrs,
} from '../../codec/generated/rt-link.ts';
import { pickOf } from '../../codec/table.ts';
import { type Fields, given, isSet, present, unlessZero } from '../../kinds/fields.ts';
import { renderLinkData, renderPortData } from '../../kinds/link/index.ts';
import { DeviceName } from '../../kinds/link/kind.ts';
import type { Link, LinkInfo, LinkRaw, LinkXdp } from '../../model/link.ts';
import { ARPHRD_IP_ADDRESSED, arphrdName } from '../../model/names/arphrd.ts';
import { IFF_UP, linkFlagNames } from '../../model/names/link-flags.ts';
import { linkGroupName } from '../../model/names/link-groups.ts';
import { linkModeName } from '../../model/names/link-modes.ts';
import { operStateName } from '../../model/names/oper-states.ts';

/** Where a link shows the name of another device. */
export interface LinkReference {
  readonly where: 'link' | 'info_data' | 'info_slave_data';
  readonly key: string;
  readonly ifindex: number;
}

/** A link whose references still read `if<index>`, and what they refer to. */
export interface ProjectedLink {
  readonly link: Link;
  readonly references: readonly LinkReference[];
}

const AF_UNSPEC = 0;

const PICK = pickOf(LINK_ATTRS, [
  'address',
  'broadcast',
  'ifname',
  'mtu',
  'link',
  'qdisc',
  'master',
  'txqlen',
  'operstate',
  'linkmode',
  'linkinfo',
  'ifalias',
  { afSpec: [{ inet6: ['addrGenMode'] }] },
  'group',
  'promiscuity',
  'numTxQueues',
  'numRxQueues',
  'carrier',
  'physPortId',
  'carrierChanges',
  'physSwitchId',
  'linkNetnsid',
  'physPortName',
  'protoDown',
  'gsoMaxSegs',
  'gsoMaxSize',
  'xdp',
  'carrierUpCount',
  'carrierDownCount',
  'minMtu',
  'maxMtu',
  'propList',
  'permAddress',
  'parentDevName',
  'parentDevBusName',
  'groMaxSize',
  'tsoMaxSize',
  'tsoMaxSegs',
  'allmulti',
  'gsoIpv4MaxSize',
  'groIpv4MaxSize',
]);

/**
 * A link from a RTM_NEWLINK or RTM_DELLINK message (net/core/rtnetlink.c rtnl_fill_ifinfo()).
 *
 * @returns undefined for messages of a family of its own: with AF_BRIDGE they speak of a port, and their
 * RTM_DELLINK means that the port left its bridge.
 * @throws {WeirError} `DECODE`.
 */
export function projectLink(wire: Wire, start: number, end: number): ProjectedLink | undefined {
  const header = decodeIfinfomsg(wire, start, Math.min(end, start + IFINFOMSG_SIZE));
  if (header.ifiFamily !== AF_UNSPEC) return undefined;
  const attrs = decodeLinkAttrs(wire, start + IFINFOMSG_SIZE, end, PICK);
  const references: LinkReference[] = [];
  return { link: linkOf(header, attrs, references), references };
}

/** What other links show of a link. */
export type Neighbouring = Pick<Link, 'ifname' | 'raw'>;

/** The link with what its references are now; the same object when nothing changes. */
export function withReferences(
  link: Link,
  references: readonly LinkReference[],
  find: (ifindex: number) => Neighbouring | undefined,
): Link {
  let current = link as Link & Fields;
  for (const { where, key, ifindex } of references) {
    const other = find(ifindex);
    const name = other?.ifname ?? `if${ifindex}`;
    if (key === 'link' && where === 'link') current = withLowerState(current, other);
    const holder = where === 'link' ? current : (current.linkinfo?.[where] as Fields);
    if (holder[key] === name) continue;
    current =
      where === 'link' ? { ...current, [key]: name } : withInfo(current, where, { ...holder, [key]: name });
  }
  return current;
}

/** A device that stands on one that is not up carries the flag M-DOWN. */
function withLowerState(link: Link & Fields, lower: Neighbouring | undefined): Link & Fields {
  const down = lower !== undefined && (lower.raw.flags & IFF_UP) === 0;
  const flags = linkFlagNames(link.raw.flags, down);
  return flags === link.flags ? link : { ...link, flags };
}

function withInfo(
  link: Link & Fields,
  where: 'info_data' | 'info_slave_data',
  fields: Fields,
): Link & Fields {
  return { ...link, linkinfo: { ...(link.linkinfo as LinkInfo), [where]: fields } };
}

function linkOf(header: Ifinfomsg, a: LinkAttrs, references: LinkReference[]): Link {
  const { ifiIndex: ifindex, ifiFlags: flags, ifiType: type } = header;
  const elsewhere = a.linkNetnsid !== undefined;
  const lower = a.link ?? 0;
  const fields: Fields = present({
    ifindex,
    link: elsewhere || lower === 0 || lower === ifindex ? undefined : new DeviceName(lower),
    link_index: elsewhere ? lower : undefined,
    link_netnsid: a.linkNetnsid,
    ifname: a.ifname ?? `if${ifindex}`,
    flags: linkFlagNames(flags, false),
    mtu: a.mtu ?? 0,
    qdisc: a.qdisc ?? 'noop',
    master: given(a.master, (master) => new DeviceName(master)),
    operstate: operStateName(a.operstate ?? 0),
    linkmode: linkModeName(a.linkmode ?? 0),
    group: linkGroupName(a.group ?? 0),
    txqlen: unlessZero(a.txqlen),
    link_type: arphrdName(type),
    ...addresses(a, type),
    promiscuity: a.promiscuity,
    allmulti: a.allmulti,
    min_mtu: a.minMtu,
    max_mtu: a.maxMtu,
    linkinfo: given(a.linkinfo, (info) => linkInfo(info, references)),
    inet6_addr_gen_mode: given(a.afSpec?.inet6?.addrGenMode, addrGenModeName),
    num_tx_queues: a.numTxQueues,
    num_rx_queues: a.numRxQueues,
    gso_max_size: a.gsoMaxSize,
    gso_max_segs: a.gsoMaxSegs,
    tso_max_size: a.tsoMaxSize,
    tso_max_segs: a.tsoMaxSegs,
    gro_max_size: a.groMaxSize,
    gso_ipv4_max_size: a.gsoIpv4MaxSize,
    gro_ipv4_max_size: a.groIpv4MaxSize,
    phys_port_name: a.physPortName,
    phys_port_id: given(a.physPortId, (id) => hex(id)),
    phys_switch_id: given(a.physSwitchId, (id) => hex(id)),
    proto_down: a.protoDown === 1 ? true : undefined,
    ifalias: a.ifalias,
    altnames: a.propList?.altIfname,
    parentbus: a.parentDevBusName,
    parentdev: a.parentDevName,
    xdp: given(a.xdp, xdp),
    raw: rawOf(header, a),
  });
  named(fields, 'link', references);
  return fields as unknown as Link;
}

function rawOf({ ifiIndex, ifiFlags, ifiType }: Ifinfomsg, a: LinkAttrs): LinkRaw {
  return present({
    flags: ifiFlags,
    type: ifiType,
    operstate: a.operstate ?? 0,
    linkmode: a.linkmode ?? 0,
    group: a.group ?? 0,
    carrier: a.carrier,
    carrierChanges: a.carrierChanges,
    carrierUpCount: a.carrierUpCount,
    carrierDownCount: a.carrierDownCount,
    link: a.link ?? ifiIndex,
    master: a.master,
    protoDown: isSet(a.protoDown),
  }) as unknown as LinkRaw;
}

/** A tunnel's link-layer addresses are the IP addresses of its ends. */
function addresses(a: LinkAttrs, type: number): Fields {
  const render = (address: Uint8Array) =>
    ARPHRD_IP_ADDRESSED.has(type) && (address.length === 4 || address.length === 16)
      ? renderIp(address)
      : renderMac(address);
  const permanent = given(a.permAddress, render);
  const address = given(nonEmpty(a.address), render);
  return {
    address,
    broadcast: given(nonEmpty(a.broadcast), render),
    permaddr: permanent === address ? undefined : permanent,
  };
}

function nonEmpty(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes?.length === 0 ? undefined : bytes;
}

function linkInfo(info: LinkinfoAttrs, references: LinkReference[]): LinkInfo {
  const { kind, slaveKind } = info;
  const fields: Fields = {};
  if (kind !== undefined) {
    fields['info_kind'] = kind;
    const data = given(info.data, (data) => (data instanceof Uint8Array ? {} : renderLinkData(kind, data)));
    if (data !== undefined && Object.keys(data).length > 0)
      fields['info_data'] = named(data, 'info_data', references);
  }
  if (slaveKind !== undefined) {
    fields['info_slave_kind'] = slaveKind;
    const data = given(info.slaveData, (data) =>
      data instanceof Uint8Array ? {} : renderPortData(slaveKind, data),
    );
    if (data !== undefined && Object.keys(data).length > 0)
      fields['info_slave_data'] = named(data, 'info_slave_data', references);
  }
  return fields as unknown as LinkInfo;
}

/** Put `if<index>` where a device's name belongs, and note the place. */
function named(fields: Fields, where: LinkReference['where'], references: LinkReference[]): Fields {
  for (const key in fields) {
    const value = fields[key];
    if (!(value instanceof DeviceName)) continue;
    references.push({ where, key, ifindex: value.ifindex });
    fields[key] = `if${value.ifindex}`;
  }
  return fields;
}

/** IN6_ADDR_GEN_MODE_* in order (include/uapi/linux/if_link.h). */
const ADDR_GEN_MODES = ['eui64', 'none', 'stable_secret', 'random'];

function addrGenModeName(mode: number): string {
  return ADDR_GEN_MODES[mode] ?? `0x${mode.toString(16).padStart(2, '0')}`;
}

/** XDP_ATTACHED_* (include/uapi/linux/if_link.h). */
const XDP_ATTACHED_MULTI = 4;
const XDP_MODES = [
  [1, 'drvProgId'],
  [2, 'skbProgId'],
  [3, 'hwProgId'],
] as const;

/** Programs by id: their names and tags are not netlink's to tell. */
function xdp(a: XdpAttrs): LinkXdp | undefined {
  const mode = a.attached ?? 0;
  if (mode === 0) return undefined;
  const attached = XDP_MODES.flatMap(([mode, key]) => {
    const id = a[key];
    return id === undefined ? [] : [{ mode, prog: { id } }];
  });
  return mode === XDP_ATTACHED_MULTI ? { mode, attached } : { mode, prog: { id: a.progId ?? 0 }, attached };
}
