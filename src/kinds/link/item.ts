// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import { declaredKind, PORT_SETTINGS } from './declared.ts';
import type { Settings } from './setting.ts';
import { isPeerEnd } from './veth.ts';

/** What a new device of nearly every kind has anyway (net/core/dev.c alloc_netdev_mqs()): it says nothing. */
const USUAL: Spec = {
  txqlen: 1000,
  group: 'default',
  num_tx_queues: 1,
  num_rx_queues: 1,
  gso_max_size: 65_536,
  gso_max_segs: 65_535,
  gro_max_size: 65_536,
  gso_ipv4_max_size: 65_536,
  gro_ipv4_max_size: 65_536,
  inet6_addr_gen_mode: 'eui64',
  promisc: false,
  allmulticast: false,
  multicast: true,
  arp: true,
  proto_down: false,
};

/**
 * The item of a document for a link, what matters most first, and without what the kernel gives a new device anyway. Of a
 * veth only one end makes the other; one whose other end is in another namespace is a device that exists.
 */
export function linkItem(spec: Spec): Spec {
  const { name, kind, state, mtu, address, master, link, group, veth, port, ...others } = spec;
  const own = kind === undefined ? undefined : (others[String(kind)] as Spec | undefined);
  const rest = telling(USUAL, { ...others, group });
  return present({
    name,
    kind: kind === 'veth' && veth === undefined ? undefined : kind,
    state,
    mtu,
    address,
    master,
    link,
    ...rest,
    group: rest['group'] === undefined ? undefined : Number(rest['group']),
    veth: veth && endsOf(String(name), veth as Spec),
    ...(own && { [String(kind)]: unlessEmpty(telling(silentOf(declaredKind(kind)?.settings), own)) }),
    port: port && portItem(port as Spec),
  });
}

function endsOf(name: string, { peer, peer_of: first, peer_netns: netns, ...rest }: Spec): Spec {
  const ends = isPeerEnd(name, { peer, peer_of: first })
    ? { peer_of: first }
    : { peer, peer_netns: netns || undefined };
  return present({ ...rest, ...ends });
}

function portItem({ kind, ...settings }: Spec): Spec {
  return present({ kind, ...telling(silentOf(PORT_SETTINGS[String(kind)]), settings) });
}

function silentOf(settings: Settings = {}): Spec {
  return Object.fromEntries(Object.entries(settings).map(([name, { silent }]) => [name, silent]));
}

/** The settings that are not as `usual` has them. */
function telling(usual: Spec, settings: Spec): Spec {
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => usual[name] !== value));
}

function unlessEmpty(settings: Spec): Spec | undefined {
  return Object.keys(settings).length === 0 ? undefined : settings;
}
