// SPDX-License-Identifier: Apache-2.0
import { parseIp, renderIp } from '../../base/ip.ts';
import { rtProtoName } from '../../model/names/rt-protos.ts';
import type { Spec } from '../../model/object.ts';
import { attempt } from '../addresses.ts';
import { present } from '../fields.ts';
import type { Complain, Declared } from '../object-class.ts';
import { canonicalDestination } from './destination.ts';
import { declareEncap } from './encap.ts';
import { canonicalMetrics } from './metrics.ts';
import { protocolNumber, tableField, tableNumber } from './names.ts';
import type { HopSpec, RouteSpec } from './schema.ts';

/** The kernel's metric of an IPv6 route that names none (IP6_RT_PRIO_USER). */
export const IPV6_METRIC = 1024;

/** Types that send packets nowhere: they have neither device nor gateway. */
export const NOWHERE: ReadonlySet<string> = new Set(['blackhole', 'unreachable', 'prohibit', 'throw']);

/** Canonical objects of an item of `routes`. */
export function declareRoute(item: RouteSpec, complain: Complain): readonly Declared[] {
  const dst = attempt(() => canonicalDestination(item.dst), 'dst', complain);
  if (dst === undefined) return [];
  const v6 = dst.includes(':');
  const spec: Record<string, unknown> = { ...item, dst };
  spec['protocol'] = protocolOf(item, complain);
  if (item.table !== undefined) set(spec, 'table', tableField(tableNumber(item.table)));
  if (item.type === 'unicast') delete spec['type'];
  if (item.tos === 0) delete spec['tos'];
  if (item.metric === (v6 ? IPV6_METRIC : 0) || (v6 && item.metric === 0)) delete spec['metric'];
  if (item.pref === 'medium') delete spec['pref'];
  address(spec, 'gateway', v6, complain);
  address(spec, 'prefsrc', v6, complain);
  if (item.encap !== undefined) spec['encap'] = declareEncap(item.encap, 'encap', complain);
  if (item.realms !== undefined) spec['realms'] = canonicalRealms(item.realms);
  if (item.via !== undefined) spec['via'] = declareVia(item.via, v6, 'via', complain);
  if (item.nexthops !== undefined) setHops(spec, hops(item.nexthops, v6, complain));
  if (item.metrics !== undefined) set(spec, 'metrics', canonicalMetrics(item.metrics));
  if (item.scope !== undefined && item.scope === usualScope(spec, v6)) delete spec['scope'];
  checkWay(item, v6, complain);
  return [{ class: 'route', spec, path: '' }];
}

/** The scope that `ip` and Weir give an IPv4 route that names none; IPv6 has no scopes. */
export function usualScope(route: Readonly<Record<string, unknown>>, v6: boolean): string {
  const type = route['type'] as string | undefined;
  if (v6) return 'global';
  if (type === 'local') return 'host';
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return 'link';
  if (type !== undefined && type !== 'unicast') return 'global';
  const routed = route['gateway'] ?? route['via'] ?? route['nexthops'] ?? route['nhid'];
  return routed === undefined ? 'link' : 'global';
}

function protocolOf({ protocol }: RouteSpec, complain: Complain): string {
  if (protocol === undefined) return 'weir';
  const number = protocolNumber(protocol);
  if (number === undefined) complain('protocol', `"${protocol}" is no routing protocol: give its number`);
  return rtProtoName(number ?? 0);
}

function checkWay(item: RouteSpec, v6: boolean, complain: Complain): void {
  const ways = (['gateway', 'via', 'nexthops', 'nhid'] as const).filter((name) => item[name] !== undefined);
  if (ways.length > 1) complain(ways[1] as string, `cannot stand beside ${ways[0]}: keep one of them`);
  const nowhere = NOWHERE.has(item.type ?? 'unicast');
  if (nowhere)
    for (const name of [...ways, ...(item.dev === undefined ? [] : ['dev'])])
      complain(name, `a ${item.type} route sends packets nowhere: leave it out`);
  else if (ways.length === 0 && item.dev === undefined)
    complain('', 'says no way: give gateway, dev, nexthops or nhid, or a type such as blackhole');
  for (const name of ['dev', 'onlink', 'encap', 'realms'] as const)
    if (item[name] !== undefined && (item.nexthops ?? item.nhid) !== undefined)
      complain(name, `belongs to ${item.nhid === undefined ? 'each of nexthops' : 'the nexthop object'}`);
  if (item.onlink === true && item.nexthops === undefined && (item.gateway ?? item.via) === undefined)
    complain('onlink', 'says something of a gateway: give one');
  for (const name of v6 ? (['tos', 'scope', 'realms'] as const) : (['pref', 'expires'] as const))
    if (item[name] !== undefined) complain(name, `is for ${v6 ? 'IPv4' : 'IPv6'} only: leave it out`);
}

function hops(list: readonly HopSpec[], v6: boolean, complain: Complain): readonly Spec[] {
  const canonical = list.map((hop, i) => {
    const spec: Record<string, unknown> = { ...hop };
    if (hop.weight === 1) delete spec['weight'];
    address(spec, 'gateway', v6, (path, problem) => complain(`nexthops.${i}.${path}`, problem));
    if (hop.encap !== undefined) spec['encap'] = declareEncap(hop.encap, `nexthops.${i}.encap`, complain);
    // the kernel does not report it, and one of several ways has nobody to remember it
    if (hop.encap?.headroom !== undefined)
      complain(`nexthops.${i}.encap.headroom`, 'is for a single way: use nexthop objects and a group');
    if (hop.realms !== undefined) spec['realms'] = canonicalRealms(hop.realms);
    if (hop.via !== undefined) spec['via'] = declareVia(hop.via, v6, `nexthops.${i}.via`, complain);
    if (hop.gateway === undefined && hop.via === undefined && hop.dev === undefined)
      complain(`nexthops.${i}`, 'says no way: give gateway or dev');
    return spec;
  });
  if (v6) checkTwice(canonical, complain);
  return canonical;
}

/** net/ipv6/route.c rt6_duplicate_nexthop(): the same router by the same device is one way. */
function checkTwice(list: readonly Spec[], complain: Complain): void {
  const seen = new Set<string>();
  for (const [i, { gateway, dev }] of list.entries()) {
    const way = JSON.stringify([gateway, dev]);
    if (seen.has(way)) complain(`nexthops.${i}`, 'is a way that stands above: give that one a weight');
    seen.add(way);
  }
}

/** The kernel keeps a single way as a route's own (fib_nh_common of net/ipv4/fib_semantics.c, rt6_fill_node()). */
function setHops(spec: Record<string, unknown>, list: readonly Spec[]): void {
  const [only] = list;
  if (list.length > 1 || only === undefined) {
    spec['nexthops'] = list;
    return;
  }
  const { weight: _, ...way } = only;
  delete spec['nexthops'];
  Object.assign(spec, way);
}

function canonicalRealms({ from, to }: NonNullable<HopSpec['realms']>): Spec {
  return present({ from, to });
}

function declareVia(via: NonNullable<HopSpec['via']>, v6: boolean, path: string, complain: Complain): Spec {
  if (v6) complain(path, 'an IPv6 route has an IPv6 gateway: write it as gateway');
  else if (via.family === 'inet') complain(path, 'is of the family of the destination: write it as gateway');
  const bytes = attempt(() => parseIp(via.host), `${path}.host`, complain);
  if (bytes !== undefined && (bytes.length === 16) !== (via.family === 'inet6'))
    complain(`${path}.host`, `is not of the family ${via.family}`);
  return { family: via.family, host: bytes === undefined ? via.host : renderIp(bytes) };
}

/** Thousands of routes share a few gateways. */
const known = new Map<string, { readonly text: string; readonly v6: boolean }>();

function address(spec: Record<string, unknown>, name: string, v6: boolean, complain: Complain): void {
  const text = spec[name] as string | undefined;
  if (text === undefined) return;
  let found = known.get(text);
  if (found === undefined) {
    const bytes = attempt(() => parseIp(text), name, complain);
    if (bytes === undefined) return;
    found = { text: renderIp(bytes), v6: bytes.length === 16 };
    if (known.size >= 1024) known.clear();
    known.set(text, found);
  }
  if (found.v6 !== v6)
    complain(
      name,
      `is not of the destination's family${name === 'gateway' ? ': for an IPv4 route use via' : ''}`,
    );
  spec[name] = found.text;
}

function set(spec: Record<string, unknown>, name: string, value: unknown): void {
  if (value === undefined) delete spec[name];
  else spec[name] = value;
}
