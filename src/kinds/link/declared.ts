// SPDX-License-Identifier: Apache-2.0
import { declaredBond } from './bond.ts';
import { declaredBondPort } from './bond-port.ts';
import { declaredBridge } from './bridge.ts';
import { declaredBridgePort } from './bridge-port.ts';
import { declaredGeneve } from './geneve.ts';
import { DECLARED_GRE } from './gre.ts';
import { DECLARED_IP_TUNNELS } from './ip-tunnel.ts';
import { declaredIpvlan, declaredIpvtap } from './ipvlan.ts';
import { declaredMacvlan, declaredMacvtap } from './macvlan.ts';
import { DECLARED_PLAIN } from './plain.ts';
import type { DeclaredKind, Settings } from './setting.ts';
import { declaredTun } from './tun.ts';
import { declaredVeth } from './veth.ts';
import { declaredVlan } from './vlan.ts';
import { declaredVrf } from './vrf.ts';
import { declaredVxlan } from './vxlan.ts';

/** Every link kind that a document can declare. A new kind is one file and one line here. */
export const DECLARED_KINDS: readonly DeclaredKind[] = [
  ...DECLARED_PLAIN,
  declaredVeth,
  declaredBridge,
  declaredVlan,
  declaredVxlan,
  declaredMacvlan,
  declaredMacvtap,
  declaredIpvlan,
  declaredIpvtap,
  declaredBond,
  declaredVrf,
  declaredTun,
  ...DECLARED_GRE,
  ...DECLARED_IP_TUNNELS,
  declaredGeneve,
];

const byName = new Map(DECLARED_KINDS.map((kind) => [kind.kind, kind]));

/** The declaration of a kind; undefined for a kind that a document cannot declare. */
export function declaredKind(kind: unknown): DeclaredKind | undefined {
  return byName.get(String(kind));
}

/** Settings of ports by the kind of what holds them. */
export const PORT_SETTINGS: Readonly<Record<string, Settings>> = {
  bridge: declaredBridgePort,
  bond: declaredBondPort,
};
