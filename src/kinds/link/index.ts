// SPDX-License-Identifier: Apache-2.0
import { type Fields, genericFields } from '../fields.ts';
import { bond } from './bond.ts';
import { bondPort } from './bond-port.ts';
import { bridge } from './bridge.ts';
import { bridgePort } from './bridge-port.ts';
import { geneve } from './geneve.ts';
import { GRE_KINDS } from './gre.ts';
import { IP_TUNNEL_KINDS } from './ip-tunnel.ts';
import { ipvlan, ipvtap } from './ipvlan.ts';
import type { LinkData, LinkKind, PortData, PortKind } from './kind.ts';
import { macvlan, macvtap } from './macvlan.ts';
import { PLAIN_KINDS } from './plain.ts';
import { tun } from './tun.ts';
import { vlan } from './vlan.ts';
import { vrf, vrfPort } from './vrf.ts';
import { vxlan } from './vxlan.ts';

/** Every link kind that Weir describes. A new kind is one file and one line here. */
export const LINK_KINDS: readonly LinkKind[] = [
  ...PLAIN_KINDS,
  bridge,
  vxlan,
  macvlan,
  macvtap,
  tun,
  vlan,
  bond,
  vrf,
  geneve,
  ipvlan,
  ipvtap,
  ...GRE_KINDS,
  ...IP_TUNNEL_KINDS,
];

/** Every kind of port that Weir describes. */
export const PORT_KINDS: readonly PortKind[] = [bridgePort, bondPort, vrfPort];

/**
 * Kinds whose rendering is compared with `ip` on a real kernel by the tests; the others rest on the kernel's
 * source.
 */
export const VERIFIED_LINK_KINDS: ReadonlySet<string> = new Set([
  'veth',
  'ifb',
  'bridge',
  'vxlan',
  'macvlan',
  'macvtap',
  'tun',
]);

const links = new Map(LINK_KINDS.map((kind) => [kind.kind, kind]));
const ports = new Map(PORT_KINDS.map((kind) => [kind.kind, kind]));

/** Render IFLA_INFO_DATA by its kind; a kind without a file gets the codec's names. */
export function renderLinkData(kind: string, data: LinkData): Fields {
  return links.get(kind)?.render(data) ?? genericFields(data);
}

/** Render IFLA_INFO_SLAVE_DATA by the kind of the device that holds the port. */
export function renderPortData(kind: string, data: PortData): Fields {
  return ports.get(kind)?.render(data) ?? genericFields(data);
}
