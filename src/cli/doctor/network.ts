// SPDX-License-Identifier: Apache-2.0
// What can be wrong with the network of one namespace. Pure: lists in, checks out.
import type { Address } from '../../model/address.ts';
import type { Link } from '../../model/link.ts';
import type { Neighbour } from '../../model/neighbour.ts';
import { type Check, failure, ok, warning } from './check.ts';

/** What is looked at. Of routes only what is needed of them, since there can be a million. */
export interface NetworkState {
  readonly netns: string;
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly neighbours: readonly Neighbour[];
  readonly routes: RouteSummary;
}

/** Gateways with the number of routes that go by them, and routes whose device has no carrier. */
export interface RouteSummary {
  readonly gateways: ReadonlyMap<
    string,
    { readonly gateway: string; readonly dev: string; readonly routes: number }
  >;
  readonly dead: ReadonlyMap<string, number>;
}

/** Everything about the network of a namespace, the heaviest first in each part. */
export function networkChecks(state: NetworkState): readonly Check[] {
  const where = state.netns === '' ? '' : ` in ${state.netns}`;
  const found = [duplicates, gateways, deadRoutes, mtus].map(
    (check) => [check.name, check(state, where)] as const,
  );
  const names = { duplicates: 'addresses', gateways: 'gateways', deadRoutes: 'routes', mtus: 'mtu' };
  return found.flatMap(([name, checks]) =>
    checks.length > 0 ? checks : [ok(`${names[name as keyof typeof names]}${where}`, 'nothing wrong')],
  );
}

function duplicates({ addresses }: NetworkState, where: string): readonly Check[] {
  const failed = addresses
    .filter(({ dadfailed }) => dadfailed)
    .map(({ local, ifname }) =>
      failure(
        `addresses${where}`,
        `${local} of ${ifname} is in use by somebody else on the link (duplicate address detection)`,
        `find them: ip -6 neighbour show ${local} on another host; or take another address`,
      ),
    );
  const byAddress = new Map<string, Set<string>>();
  for (const { local, ifname, scope } of addresses)
    if (scope !== 'link' && scope !== 'host')
      byAddress.set(local, (byAddress.get(local) ?? new Set()).add(ifname));
  const twice = [...byAddress]
    .filter(([, devices]) => devices.size > 1)
    .map(([address, devices]) =>
      warning(
        `addresses${where}`,
        `${address} is on ${[...devices].join(' and ')}`,
        `remove it from one of them: ip address del ${address} dev ${[...devices][1]}`,
      ),
    );
  return [...failed, ...twice];
}

function gateways({ routes, neighbours }: NetworkState, where: string): readonly Check[] {
  return [...routes.gateways.values()].flatMap(({ gateway, dev, routes: count }) => {
    const neighbour = neighbours.find((one) => one.dst === gateway && one.dev === dev);
    const state = neighbour?.state?.[0];
    if (state !== 'FAILED' && state !== 'INCOMPLETE') return [];
    return [
      failure(
        `gateways${where}`,
        `${gateway} on ${dev} does not answer (${state}), and ${count} ${count === 1 ? 'route goes' : 'routes go'} by it`,
        `is it on, and on this link? \`weir capture ${dev} arp or icmp6\` shows whether it is asked and answers`,
      ),
    ];
  });
}

function deadRoutes({ routes }: NetworkState, where: string): readonly Check[] {
  return [...routes.dead].map(([dev, count]) =>
    warning(
      `routes${where}`,
      `${count} ${count === 1 ? 'route leads' : 'routes lead'} out of ${dev}, which has no carrier`,
      `look at the cable and the other side of ${dev}, or take the routes away`,
    ),
  );
}

/** Bytes that a tunnel puts around what it carries, over IPv4 (RFC 7348, RFC 8926, RFC 2784). */
const OVERHEAD: Readonly<Record<string, number>> = {
  vlan: 0,
  macvlan: 0,
  ipvlan: 0,
  vxlan: 50,
  geneve: 50,
  gre: 24,
  ipip: 20,
  sit: 20,
};

function mtus({ links }: NetworkState, where: string): readonly Check[] {
  const byName = new Map(links.map((link) => [link.ifname, link]));
  return links.flatMap((link) => [...overLower(link, byName, where), ...portOf(link, byName, where)]);
}

/** A device that stands on another one: what it sends has to fit. */
function overLower(link: Link, byName: ReadonlyMap<string, Link>, where: string): readonly Check[] {
  const kind = link.linkinfo?.info_kind ?? '';
  const lower = byName.get(lowerOf(link) ?? '');
  const overhead = OVERHEAD[kind];
  if (lower === undefined || overhead === undefined || link.mtu + overhead <= lower.mtu) return [];
  const fits = lower.mtu - overhead;
  return [
    warning(
      `mtu${where}`,
      `${link.ifname} (${kind}) has MTU ${link.mtu}, but only ${fits} fit into ${lower.ifname}: larger packets are split or lost`,
      `ip link set ${link.ifname} mtu ${fits}, or a larger one on ${lower.ifname}`,
    ),
  ];
}

/** Name of the device that it stands on: tunnels keep it among what is their kind's. */
function lowerOf({ link, link_netnsid, linkinfo }: Link): string | undefined {
  if (link_netnsid !== undefined) return undefined;
  const own = linkinfo?.info_data?.['link'];
  return link ?? (typeof own === 'string' ? own : undefined);
}

/** A port of a bridge: frames of the others have to fit. */
function portOf(link: Link, byName: ReadonlyMap<string, Link>, where: string): readonly Check[] {
  const master = byName.get(link.master ?? '');
  if (master?.linkinfo?.info_kind !== 'bridge') return [];
  const largest = Math.max(
    ...[...byName.values()].filter((one) => one.master === master.ifname).map(({ mtu }) => mtu),
  );
  if (link.mtu >= largest) return [];
  return [
    warning(
      `mtu${where}`,
      `${link.ifname} has MTU ${link.mtu}, and another port of ${master.ifname} has ${largest}: the bridge drops larger frames to it without a word`,
      `give all ports of ${master.ifname} the same MTU`,
    ),
  ];
}
