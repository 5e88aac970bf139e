// SPDX-License-Identifier: Apache-2.0
import type { Address } from '../../model/address.ts';
import type { Link } from '../../model/link.ts';
import type { Neighbour } from '../../model/neighbour.ts';
import type { Route } from '../../model/route.ts';
import type { AgentClient } from '../client.ts';
import type { NetworkState } from './network.ts';

/** Gateways that are told apart. */
const MOST_GATEWAYS = 1000;

/** What the checks need of a namespace; of its routes, only sums are kept. */
export async function readNetwork(agent: AgentClient, netns: string): Promise<NetworkState> {
  const query = netns === '' ? {} : { netns };
  const gateways = new Map<string, { gateway: string; dev: string; routes: number }>();
  const dead = new Map<string, number>();
  for await (const routes of agent.lines('/v1/state/routes', query))
    for (const route of routes as readonly Route[]) summarise(route, gateways, dead);
  const wanted = new Set([...gateways.values()].map(({ gateway }) => gateway));
  return {
    netns,
    links: await all<Link>(agent, '/v1/state/links', query),
    addresses: await all<Address>(agent, '/v1/state/addresses', query),
    neighbours: await all<Neighbour>(agent, '/v1/state/neighbours', query, ({ dst }) => wanted.has(dst)),
    routes: { gateways, dead },
  };
}

async function all<T>(
  agent: AgentClient,
  path: string,
  query: Readonly<Record<string, string>>,
  wanted: (item: T) => boolean = () => true,
): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const items of agent.lines(path, query)) found.push(...(items as readonly T[]).filter(wanted));
  return found;
}

function summarise(
  route: Route,
  gateways: Map<string, { gateway: string; dev: string; routes: number }>,
  dead: Map<string, number>,
): void {
  const hops = route.nexthops ?? [route];
  for (const { gateway, dev, flags = [] } of hops) {
    if (dev === undefined) continue;
    if (flags.includes('linkdown') || flags.includes('dead')) dead.set(dev, (dead.get(dev) ?? 0) + 1);
    if (gateway === undefined) continue;
    const key = `${gateway} ${dev}`;
    const known = gateways.get(key);
    if (known !== undefined) known.routes++;
    else if (gateways.size < MOST_GATEWAYS) gateways.set(key, { gateway, dev, routes: 1 });
  }
}
