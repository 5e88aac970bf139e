// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { Wire } from '../../base/wire.ts';
import {
  decodeRouteAttrs,
  decodeRtmsg,
  type RouteAttrs,
  RTMSG_SIZE,
  type Rtmsg,
} from '../../codec/generated/rt-route.ts';
import { type Fields, given, isSet, present } from '../../kinds/fields.ts';
import { dsfieldName } from '../../model/names/dsfields.ts';
import { AF_INET6 } from '../../model/names/families.ts';
import { realmName } from '../../model/names/realms.ts';
import { rtFlagNames } from '../../model/names/rt-flags.ts';
import { rtProtoName } from '../../model/names/rt-protos.ts';
import { rtScopeName } from '../../model/names/rt-scopes.ts';
import { rtTableName } from '../../model/names/rt-tables.ts';
import { rtTypeName } from '../../model/names/rt-types.ts';
import type { Nexthop } from '../../model/nexthop.ts';
import type { Route, RouteHop } from '../../model/route.ts';
import type { DeviceNames } from './device-names.ts';
import { withEncap } from './encap.ts';
import { renderGateway } from './gateway.ts';
import { renderRouteMetrics } from './route-metrics.ts';

/** RTM_F_CLONED: an entry of the routing cache, no configured route. */
const RTM_F_CLONED = 0x200;

/** Expiry times are in USER_HZ. */
const USER_HZ = 100;

/** ICMPV6_ROUTER_PREF_* by number (RFC 4191). */
const PREFERENCES: Readonly<Record<number, string>> = { 0: 'medium', 1: 'high', 3: 'low' };

/**
 * A route from a RTM_NEWROUTE or RTM_DELROUTE message (net/ipv4/fib_semantics.c fib_dump_info(),
 * net/ipv6/route.c rt6_fill_node()).
 *
 * @param nexthopOf The nexthop object of an id, where the caller knows them.
 * @returns undefined for an entry of the routing cache.
 * @throws {WeirError} `DECODE`.
 */
export function projectRoute(
  wire: Wire,
  start: number,
  end: number,
  names: DeviceNames,
  nexthopOf: (id: number) => Nexthop | undefined = () => undefined,
): Route | undefined {
  const header = decodeRtmsg(wire, start, Math.min(end, start + RTMSG_SIZE));
  if ((header.rtmFlags & RTM_F_CLONED) !== 0) return undefined;
  const a = decodeRouteAttrs(wire, start + RTMSG_SIZE, end);
  const route = present({
    type: rtTypeName(header.rtmType),
    dst: prefix(a.rtaDst, header.rtmDstLen, header.rtmFamily) ?? 'default',
    from: prefix(a.rtaSrc, header.rtmSrcLen, header.rtmFamily),
    ...keys(header, a, names),
    ...rest(a),
    flags: rtFlagNames(header.rtmFlags),
    nexthops: given(a.rtaMultipath, (hops) => hops.map((hop) => renderHop(hop, names))),
    nh_info: given(a.rtaNhId, nexthopOf),
  });
  return withEncap(route, a.rtaEncapType, a.rtaEncap, names) as unknown as Route;
}

function keys({ rtmTos, rtmTable, rtmProtocol, rtmScope }: Rtmsg, a: RouteAttrs, names: DeviceNames): Fields {
  return {
    tos: rtmTos === 0 ? undefined : dsfieldName(rtmTos),
    nhid: a.rtaNhId,
    ...renderGateway(a.rtaGateway, a.rtaVia),
    dev: given(a.rtaOif, names),
    table: rtTableName(a.rtaTable ?? rtmTable),
    protocol: rtProtoName(rtmProtocol),
    scope: rtScopeName(rtmScope),
    prefsrc: given(a.rtaPrefsrc, renderIp),
    metric: a.rtaPriority,
  };
}

function rest(a: RouteAttrs): Fields {
  const expires = a.rtaCacheinfo?.rtaExpires ?? 0;
  const error = a.rtaCacheinfo?.rtaError ?? 0;
  const metrics = given(a.rtaMetrics, renderRouteMetrics) ?? {};
  return {
    uid: a.rtaUid,
    flow: given(a.rtaFlow, renderFlow),
    expires: expires === 0 ? undefined : Math.trunc(expires / USER_HZ),
    error: error === 0 ? undefined : error,
    metrics: Object.keys(metrics).length === 0 ? undefined : [metrics],
    pref: given(a.rtaPref, (pref) => PREFERENCES[pref] ?? String(pref)),
    ttl_propagate: isSet(a.rtaTtlPropagate),
  };
}

function renderHop(hop: NonNullable<RouteAttrs['rtaMultipath']>[number], names: DeviceNames): RouteHop {
  const rendered = present({
    ...renderGateway(hop.rtaGateway, hop.rtaVia),
    dev: names(hop.header.rtnhIfindex),
    weight: hop.header.rtnhHops + 1,
    flow: given(hop.rtaFlow, renderFlow),
    flags: rtFlagNames(hop.header.rtnhFlags),
  });
  return withEncap(rendered, hop.rtaEncapType, hop.rtaEncap, names) as unknown as RouteHop;
}

/** RTA_FLOW: the realm it comes from in the upper half, the realm it goes to in the lower. */
function renderFlow(flow: number): Fields {
  const from = flow >>> 16;
  return present({ from: from === 0 ? undefined : realmName(from), to: realmName(flow & 0xffff) });
}

function prefix(address: Uint8Array | undefined, length: number, family: number): string | undefined {
  if (address === undefined) return length === 0 ? undefined : `0/${length}`;
  const host = family === AF_INET6 ? 128 : 32;
  return length === host ? renderIp(address) : `${renderIp(address)}/${length}`;
}
