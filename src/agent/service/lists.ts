// SPDX-License-Identifier: Apache-2.0
import type { Page, StateKind, StateObjects, StateQuery } from '../../api/schemas/state.ts';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Link } from '../../model/link.ts';
import { RT_TABLES } from '../../model/names/rt-tables.ts';
import type { Route } from '../../model/route.ts';
import type { ObservedNamespace } from '../../observe/namespace-set.ts';
import {
  readAddresses,
  readLinks,
  readNeighbours,
  readNexthops,
  readQdiscs,
  readRoutes,
  readRules,
} from '../../observe/read.ts';
import { PageCollector, pageOf } from './page.ts';

type Lister<K extends StateKind> = (
  namespace: ObservedNamespace,
  query: StateQuery,
) => Promise<Page<StateObjects[K]>>;

const LISTERS: { readonly [K in StateKind]: Lister<K> } = {
  links: async ({ io }, query) => {
    const links = (await readLinks(io)).filter(({ ifname }) => isDevice(query, ifname));
    return pageOf(links.map(withoutRaw), query);
  },
  addresses: async ({ io }, query) => {
    const addresses = await readAddresses(io);
    const wanted = addresses.filter(
      ({ ifname, family }) => isDevice(query, ifname) && isFamily(query, family),
    );
    return pageOf(wanted, query);
  },
  nexthops: async ({ io, snapshot }, query) => {
    const nexthops = await readNexthops(io, namesOf(snapshot));
    return pageOf(
      nexthops.filter(({ dev }) => isDevice(query, dev)),
      query,
    );
  },
  routes: async ({ io, snapshot }, query) => {
    const page = new PageCollector<Route>(query);
    const visit = (route: Route) => {
      if (query.device === undefined || usesDevice(route, query.device)) page.add(route);
    };
    const { family } = query;
    const table = query.table === undefined ? undefined : tableNumber(query.table);
    await readRoutes(io, visit, {
      ...namesOf(snapshot),
      restart: () => page.restart(),
      ...(family === undefined ? {} : { family }),
      ...(table === undefined ? {} : { table }),
    });
    return page.page();
  },
  rules: async ({ io }, query) => pageOf(await readRules(io, familyOf(query)), query),
  neighbours: async ({ io, snapshot }, query) => {
    const neighbours = await readNeighbours(io, { ...namesOf(snapshot), ...familyOf(query) });
    return pageOf(
      neighbours.filter(({ dev }) => isDevice(query, dev)),
      query,
    );
  },
  qdiscs: async ({ io, snapshot }, query) => {
    const qdiscs = await readQdiscs(io, namesOf(snapshot));
    return pageOf(
      qdiscs.filter(({ dev }) => isDevice(query, dev)),
      query,
    );
  },
};

/**
 * One page of the objects of `kind` in a namespace, as the kernel has them now.
 *
 * @throws {WeirError} `NOT_FOUND` for a device that does not exist, `VALUE` for a table that is none.
 */
export async function listObjects<K extends StateKind>(
  namespace: ObservedNamespace,
  kind: K,
  query: StateQuery,
): Promise<Page<StateObjects[K]>> {
  if (query.device !== undefined) requireDevice(namespace, query.device);
  return LISTERS[kind](namespace, query);
}

function requireDevice({ snapshot }: ObservedNamespace, name: string): void {
  const names = snapshot.links().map(({ link }) => link.ifname);
  if (names.includes(name)) return;
  throw new WeirError('NOT_FOUND', { what: 'device', name, hint: didYouMean(name, names) });
}

/** Metrics need `raw`; everybody else has the same in words. */
function withoutRaw({ raw: _, ...link }: Link): Omit<Link, 'raw'> {
  return link;
}

function isDevice({ device }: StateQuery, name: string | undefined): boolean {
  return device === undefined || name === device;
}

function isFamily({ family }: StateQuery, name: string): boolean {
  return family === undefined || name === family;
}

function familyOf({ family }: StateQuery): { readonly family?: 'inet' | 'inet6' } {
  return family === undefined ? {} : { family };
}

function usesDevice({ dev, nexthops = [], nh_info }: Route, device: string): boolean {
  return dev === device || nexthops.some((hop) => hop.dev === device) || nh_info?.dev === device;
}

function namesOf(snapshot: ObservedNamespace['snapshot']) {
  return { names: (ifindex: number) => snapshot.linkName(ifindex) };
}

function tableNumber(text: string): number {
  const named = Object.entries(RT_TABLES).find(([, name]) => name === text);
  if (named !== undefined) return Number(named[0]);
  const number = Number(text);
  if (/^\d{1,10}$/.test(text) && number > 0 && number < 2 ** 32) return number;
  const hint = didYouMean(text, Object.values(RT_TABLES)) || ': write a name or a number up to 4294967295';
  throw new WeirError('NOT_FOUND', { what: 'routing table', name: text, hint });
}
