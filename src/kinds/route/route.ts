// SPDX-License-Identifier: Apache-2.0
import type { Ref, Spec } from '../../model/object.ts';
import type { ObjectClass, Requirement } from '../object-class.ts';
import { declareRoute } from './declare.ts';
import { encapRequirements } from './encap.ts';
import { RouteItem, type RouteSpec } from './schema.ts';
import { writeRoute } from './write.ts';

/**
 * Routes (net/ipv4/fib_frontend.c inet_rtm_newroute(), net/ipv6/route.c inet6_rtm_newroute()). Identity is table,
 * prefix, type of service and metric: routes that differ in one of them stand side by side.
 */
export const route: ObjectClass = {
  name: 'route',
  section: { document: 'Network', name: 'routes', schema: RouteItem },
  compare: 'whole',
  declare: (item, complain) => declareRoute(item as RouteSpec, complain),
  item: ({ protocol, ...rest }) => (protocol === 'weir' ? rest : { ...rest, protocol }),
  key: routeKey,
  needs,
  requires,
  unseen: ['encap.headroom'],
  agrees,
  write: writeRoute,
  describe: (spec) => `route ${routeKey(spec)}${wayOf(spec as RouteSpec)}`,
};

/** `main 10.0.0.0/8 tos 16 metric 100`, without type of service and metric that are the family's usual ones. */
export function routeKey(spec: Spec): string {
  const { table, dst, tos, metric } = spec as RouteSpec;
  let key = `${table ?? 'main'} ${dst}`;
  if (tos !== undefined) key += ` tos ${tos}`;
  if (metric !== undefined) key += ` metric ${metric}`;
  return key;
}

function needs(spec: Spec): readonly Ref[] {
  const { dev, nexthops, nhid } = spec as RouteSpec;
  if (nhid !== undefined) return [{ class: 'nexthop', key: String(nhid) }];
  if (nexthops === undefined) return dev === undefined ? [] : [{ class: 'link', key: dev }];
  const devices = new Set(nexthops.flatMap((hop) => (hop.dev === undefined ? [] : [hop.dev])));
  return [...devices].map((key) => ({ class: 'link', key }));
}

function requires(spec: Spec): readonly Requirement[] | undefined {
  const { encap, nexthops = [] } = spec as RouteSpec;
  if (encap === undefined && nexthops.length === 0) return undefined;
  return encapRequirements([encap, ...nexthops.map((hop) => hop.encap)]);
}

/** The kernel finds the device of a gateway itself, and expiry counts down. */
function agrees(field: string, declared: unknown, observed: unknown): boolean {
  if (field === 'dev') return declared === undefined;
  if (field === 'expires') return declared !== undefined && (observed as number) <= (declared as number);
  if (field !== 'nexthops' || !Array.isArray(declared) || !Array.isArray(observed)) return false;
  return declared.length === observed.length && sameHops(declared, [...observed]);
}

/** IPv6 lists the ways in an order of its own. */
function sameHops(declared: readonly Spec[], left: Spec[]): boolean {
  return declared.every((hop) => {
    const at = left.findIndex((other) => sameHop(hop, other));
    return at >= 0 && left.splice(at, 1).length === 1;
  });
}

function sameHop(declared: Spec, observed: Spec): boolean {
  const names = new Set([...Object.keys(declared), ...Object.keys(observed)]);
  return [...names].every((name) => {
    const [a, b] = [declared[name], observed[name]];
    return (name === 'dev' && a === undefined) || JSON.stringify(a) === JSON.stringify(b);
  });
}

function wayOf(spec: RouteSpec): string {
  const { type, gateway, via, dev, nhid, nexthops } = spec;
  const words = [
    type,
    gateway && `via ${gateway}`,
    via && `via ${via.host}`,
    dev && `dev ${dev}`,
    nhid && `nhid ${nhid}`,
    nexthops && `${nexthops.length} ways`,
  ];
  return words.map((word) => (word === undefined ? '' : ` ${word}`)).join('');
}
