// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { RouteAttrs, Rtmsg } from '../../codec/generated/rt-route.ts';
import { AF_INET6 } from '../../model/names/families.ts';
import { rtProtoName } from '../../model/names/rt-protos.ts';
import { rtScopeName } from '../../model/names/rt-scopes.ts';
import { rtTypeName } from '../../model/names/rt-types.ts';
import type { Spec } from '../../model/object.ts';
import { present, unlessZero } from '../fields.ts';
import { IPV6_METRIC, NOWHERE, usualScope } from './declare.ts';
import { DEFAULT, renderDestination } from './destination.ts';
import { encapSpec } from './encap.ts';
import { metricsSpec } from './metrics.ts';
import { tableField } from './names.ts';

const RTNH_F_ONLINK = 4;
const USER_HZ = 100;
const RTN_BLACKHOLE = 6;
const PREFERENCES: Readonly<Record<number, string>> = { 1: 'high', 3: 'low' };

type Names = (ifindex: number) => string;

/**
 * The canonical settings of a route that the kernel reports (net/ipv4/fib_semantics.c fib_dump_info(),
 * net/ipv6/route.c rt6_fill_node()).
 *
 * @param spec Its identity, where that is known already; becomes the result.
 */
export function routeSpec(
  header: Rtmsg,
  a: RouteAttrs,
  nameOf: Names,
  spec: Record<string, unknown> = placeSpec(header, a),
): Spec {
  const v6 = header.rtmFamily === AF_INET6;
  // With a nexthop object that drops packets the kernel calls the route a blackhole, whatever it was made as
  if (header.rtmType !== 1 && !(header.rtmType === RTN_BLACKHOLE && a.rtaNhId !== undefined))
    spec['type'] = rtTypeName(header.rtmType);
  spec['protocol'] = rtProtoName(header.rtmProtocol);
  if (a.rtaPrefsrc !== undefined) spec['prefsrc'] = renderIp(a.rtaPrefsrc);
  addWay(spec, header, a, nameOf);
  if (!v6) addScope(spec, header.rtmScope);
  addRest(spec, a);
  return spec;
}

/** The settings that are the identity of a route that the kernel reports. */
export function placeSpec(header: Rtmsg, a: RouteAttrs): Record<string, unknown> {
  const spec: Record<string, unknown> = { dst: destinationOf(header, a) };
  const metric = a.rtaPriority ?? 0;
  const table = tableField(a.rtaTable ?? header.rtmTable);
  if (table !== undefined) spec['table'] = table;
  if (metric !== (header.rtmFamily === AF_INET6 ? IPV6_METRIC : 0)) spec['metric'] = metric;
  if (header.rtmTos !== 0) spec['tos'] = header.rtmTos;
  return spec;
}

/** Text of the destination of a route, as in a canonical spec. */
export function destinationOf({ rtmFamily, rtmDstLen }: Rtmsg, { rtaDst }: RouteAttrs): string {
  if (rtaDst !== undefined) return renderDestination(rtaDst, rtmDstLen);
  return rtmFamily === AF_INET6 ? `::/${rtmDstLen}` : DEFAULT;
}

/** With a nexthop object the kernel reports its hops, too; they are the object's. */
function addWay(spec: Record<string, unknown>, header: Rtmsg, a: RouteAttrs, nameOf: Names): void {
  if (a.rtaNhId !== undefined) spec['nhid'] = a.rtaNhId;
  else if (a.rtaMultipath !== undefined) spec['nexthops'] = a.rtaMultipath.map((hop) => hopSpec(hop, nameOf));
  else {
    if (a.rtaGateway !== undefined) spec['gateway'] = renderIp(a.rtaGateway);
    else if (a.rtaVia !== undefined) spec['via'] = viaSpec(a.rtaVia);
    // IPv6 keeps such routes on the loopback device
    if (a.rtaOif !== undefined && !NOWHERE.has(rtTypeName(header.rtmType))) spec['dev'] = nameOf(a.rtaOif);
    if ((header.rtmFlags & RTNH_F_ONLINK) !== 0) spec['onlink'] = true;
    const encap = encapSpec(a.rtaEncapType, a.rtaEncap);
    if (encap !== undefined) spec['encap'] = encap;
    if (a.rtaFlow !== undefined && a.rtaFlow !== 0) spec['realms'] = realmsSpec(a.rtaFlow);
  }
}

function addScope(spec: Record<string, unknown>, number: number): void {
  const scope = rtScopeName(number);
  if (scope !== usualScope(spec, false)) spec['scope'] = scope;
}

function addRest(spec: Record<string, unknown>, a: RouteAttrs): void {
  const metrics = a.rtaMetrics && metricsSpec(a.rtaMetrics);
  if (metrics !== undefined) spec['metrics'] = metrics;
  const pref = a.rtaPref === undefined ? undefined : PREFERENCES[a.rtaPref];
  if (pref !== undefined) spec['pref'] = pref;
  const expires = a.rtaCacheinfo?.rtaExpires ?? 0;
  if (expires !== 0) spec['expires'] = Math.max(0, Math.trunc(expires / USER_HZ));
}

function hopSpec(hop: NonNullable<RouteAttrs['rtaMultipath']>[number], nameOf: Names): Spec {
  const { rtnhFlags, rtnhHops, rtnhIfindex } = hop.header;
  return present({
    gateway: hop.rtaGateway && renderIp(hop.rtaGateway),
    via: hop.rtaVia && viaSpec(hop.rtaVia),
    dev: nameOf(rtnhIfindex),
    encap: encapSpec(hop.rtaEncapType, hop.rtaEncap),
    realms: hop.rtaFlow ? realmsSpec(hop.rtaFlow) : undefined,
    weight: rtnhHops === 0 ? undefined : rtnhHops + 1,
    onlink: (rtnhFlags & RTNH_F_ONLINK) === 0 ? undefined : true,
  });
}

function realmsSpec(flow: number): Spec {
  return present({ from: unlessZero(flow >>> 16), to: unlessZero(flow & 0xffff) });
}

/** struct rtvia: a family in host order and the address. */
function viaSpec(via: Uint8Array): Spec {
  return { family: via[0] === AF_INET6 ? 'inet6' : 'inet', host: renderIp(via.subarray(2)) };
}
