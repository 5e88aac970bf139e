// SPDX-License-Identifier: Apache-2.0
import type { Page, StateFilter, StateKind, StateObjects, StateQuery } from '../../api/schemas/state.ts';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Link } from '../../model/link.ts';
import { RT_TABLES } from '../../model/names/rt-tables.ts';
import type { Route } from '../../model/route.ts';
import type { ObservedNamespace } from '../../observe/namespace-set.ts';
import {
  type ReadOptions,
  readAddresses,
  readLinks,
  visitNeighbours,
  visitNexthops,
  visitQdiscs,
  visitRoutes,
  visitRules,
} from '../../observe/read.ts';
import { filtered, type Visitor } from '../../observe/visitor.ts';
import { batchesOf } from './batches.ts';
import { PageCollector } from './page.ts';

/** Items of a list at hand that are given without a pause. */
const PORTION = 200;

/** Hands what the query asks for to `to`, no faster than that wants it. */
type Lister<K extends StateKind> = (
  namespace: ObservedNamespace,
  query: StateFilter,
  to: Visitor<StateObjects[K]>,
  options: ReadOptions,
) => Promise<void>;

const LISTERS: { readonly [K in StateKind]: Lister<K> } = {
  links: async ({ io }, query, to, { signal }) => {
    const links = await readLinks(io, signal);
    const wanted = links.filter(({ ifname }) => isDevice(query, ifname));
    await handOver(wanted.map(withoutRaw), to);
  },
  addresses: async ({ io }, query, to, { signal }) => {
    const addresses = await readAddresses(io, signal);
    const wanted = addresses.filter(
      ({ ifname, family }) => isDevice(query, ifname) && isFamily(query, family),
    );
    await handOver(wanted, to);
  },
  nexthops: ({ io }, query, to, options) =>
    visitNexthops(
      io,
      filtered(to, ({ dev }) => isDevice(query, dev)),
      options,
    ),
  routes: async ({ io }, query, to, options) => {
    const { device } = query;
    const wanted = device === undefined ? to : filtered(to, (route) => usesDevice(route, device));
    const table = query.table === undefined ? {} : { table: tableNumber(query.table) };
    await visitRoutes(io, wanted, { ...options, ...familyOf(query), ...table });
  },
  rules: ({ io }, query, to, options) => visitRules(io, to, { ...options, ...familyOf(query) }),
  neighbours: ({ io }, query, to, options) => {
    const wanted = filtered(to, ({ dev }) => isDevice(query, dev));
    return visitNeighbours(io, wanted, { ...options, ...familyOf(query) });
  },
  qdiscs: ({ io }, query, to, options) =>
    visitQdiscs(
      io,
      filtered(to, ({ dev }) => isDevice(query, dev)),
      options,
    ),
};

/**
 * One page of the objects of `kind` in a namespace, as the kernel has them now.
 *
 * @throws {WeirError} `NOT_FOUND` for a device or a table that does not exist.
 */
export async function listObjects<K extends StateKind>(
  namespace: ObservedNamespace,
  kind: K,
  query: StateQuery,
): Promise<Page<StateObjects[K]>> {
  requireDevice(namespace, query);
  const page = new PageCollector<StateObjects[K]>(query);
  await LISTERS[kind](namespace, query, page, namesOf(namespace));
  return page.page();
}

/**
 * All objects of `kind` in a namespace, each as JSON, in batches that are read from the kernel as they
 * are asked for.
 *
 * @throws {WeirError} as {@link listObjects}, the latter with the first batch.
 */
export function streamObjects<K extends StateKind>(
  namespace: ObservedNamespace,
  kind: K,
  query: StateFilter,
  signal: AbortSignal,
): AsyncGenerator<readonly string[], void> {
  requireDevice(namespace, query);
  return batchesOf(
    (to, signal) => LISTERS[kind](namespace, query, to, { ...namesOf(namespace), signal }),
    signal,
  );
}

/** A list that is at hand. */
async function handOver<T>(items: readonly T[], to: Visitor<T>): Promise<void> {
  for (const [i, item] of items.entries()) {
    to.visit(item);
    if (i % PORTION === PORTION - 1) await to.pace?.();
  }
}

function requireDevice({ snapshot }: ObservedNamespace, { device: name }: StateFilter): void {
  if (name === undefined) return;
  const names = snapshot.links().map(({ link }) => link.ifname);
  if (names.includes(name)) return;
  throw new WeirError('NOT_FOUND', { what: 'device', name, hint: didYouMean(name, names) });
}

/** Metrics need `raw`; everybody else has the same in words. */
function withoutRaw({ raw: _, ...link }: Link): Omit<Link, 'raw'> {
  return link;
}

function isDevice({ device }: StateFilter, name: string | undefined): boolean {
  return device === undefined || name === device;
}

function isFamily({ family }: StateFilter, name: string): boolean {
  return family === undefined || name === family;
}

function familyOf({ family }: StateFilter): { readonly family?: 'inet' | 'inet6' } {
  return family === undefined ? {} : { family };
}

function usesDevice({ dev, nexthops = [], nh_info }: Route, device: string): boolean {
  return dev === device || nexthops.some((hop) => hop.dev === device) || nh_info?.dev === device;
}

function namesOf({ snapshot }: ObservedNamespace): ReadOptions {
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
