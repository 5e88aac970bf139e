// SPDX-License-Identifier: Apache-2.0
import { parseIp } from '../../base/ip.ts';
import type { Encoder } from '../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../../codec/generated/netlink.ts';
import {
  encodeRouteAttrs,
  encodeRtmsg,
  type RouteAttrs,
  RTM_DELROUTE,
  RTM_NEWROUTE,
} from '../../codec/generated/rt-route.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import { RTPROT_WEIR } from '../../model/names/rt-protos.ts';
import { given, present } from '../fields.ts';
import type { Change, OperationSink } from '../object-class.ts';
import { IPV6_METRIC, usualScope } from './declare.ts';
import { parseDestination } from './destination.ts';
import { type EncapSpec, encapAttrs, encapType } from './encap.ts';
import { metricsAttrs } from './metrics.ts';
import { protocolNumber, scopeNumber, tableNumber, typeNumber } from './names.ts';
import type { HopSpec, RouteSpec } from './schema.ts';

const RTNH_F_ONLINK = 4;
const RT_SCOPE_NOWHERE = 255;
const PREFERENCES = { medium: 0, high: 1, low: 3 } as const;

/** A created route must be new, a changed one takes the other's place, a removed one must be exactly ours. */
export function writeRoute({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as RouteSpec;
  if (op === 'remove') {
    const oif = given(spec.dev, (dev) => to.ifindex(dev));
    to.rtnl(RTM_DELROUTE, 0, (out) => encodeRemoval(out, spec, oif));
    return;
  }
  const oif = given(spec.dev, (dev) => to.ifindex(dev));
  const hops = spec.nexthops?.map((hop) => hopAttrs(hop, given(hop.dev, (dev) => to.ifindex(dev)) ?? 0, to));
  const encap = given(spec.encap, (one) => encapOf(one, to));
  const flags = NLM_F_CREATE | (op === 'create' ? NLM_F_EXCL : NLM_F_REPLACE);
  to.rtnl(RTM_NEWROUTE, flags, (out) => encodeRoute(out, spec, oif, hops, encap));
}

/** What identifies it: nothing of what lies behind can be another's. */
function encodeRemoval(out: Encoder, spec: RouteSpec, oif: number | undefined): void {
  const { rtaDst, rtaPriority, rtaTable } = identity(out, spec, RT_SCOPE_NOWHERE, 0);
  encodeRouteAttrs(out, present({ rtaDst, rtaOif: oif, rtaPriority, rtaTable }));
}

function encodeRoute(
  out: Encoder,
  spec: RouteSpec,
  rtaOif: number | undefined,
  rtaMultipath: RouteAttrs['rtaMultipath'],
  encap: ReturnType<typeof encapOf> | undefined,
): void {
  const v6 = spec.dst.includes(':');
  const scope = v6 ? 0 : scopeNumber(spec.scope ?? usualScope(spec, v6));
  const id = identity(out, spec, scope, spec.onlink === true ? RTNH_F_ONLINK : 0);
  const attrs: Record<string, unknown> = { ...id };
  if (rtaOif !== undefined) attrs['rtaOif'] = rtaOif;
  if (spec.gateway !== undefined) attrs['rtaGateway'] = parseIp(spec.gateway);
  if (spec.via !== undefined) attrs['rtaVia'] = viaBytes(spec.via);
  if (encap !== undefined) Object.assign(attrs, encap);
  if (spec.realms !== undefined) attrs['rtaFlow'] = flowOf(spec.realms);
  if (spec.prefsrc !== undefined) attrs['rtaPrefsrc'] = parseIp(spec.prefsrc);
  if (spec.nhid !== undefined) attrs['rtaNhId'] = spec.nhid;
  if (rtaMultipath !== undefined) attrs['rtaMultipath'] = rtaMultipath;
  if (spec.metrics !== undefined) attrs['rtaMetrics'] = metricsAttrs(spec.metrics);
  if (spec.pref !== undefined) attrs['rtaPref'] = PREFERENCES[spec.pref as keyof typeof PREFERENCES];
  if (spec.expires !== undefined) attrs['rtaExpires'] = spec.expires;
  encodeRouteAttrs(out, attrs);
}

function identity(out: Encoder, spec: RouteSpec, rtmScope: number, rtmFlags: number): RouteAttrs {
  const { address, prefixlen } = parseDestination(spec.dst);
  const v6 = address.length === 16;
  const table = tableNumber(spec.table);
  encodeRtmsg(out, {
    rtmFamily: v6 ? AF_INET6 : AF_INET,
    rtmDstLen: prefixlen,
    rtmTos: spec.tos ?? 0,
    rtmTable: table < 256 ? table : 0,
    rtmProtocol: protocolNumber(spec.protocol ?? RTPROT_WEIR) ?? RTPROT_WEIR,
    rtmScope,
    rtmType: typeNumber(spec.type ?? 'unicast'),
    rtmFlags,
  });
  const attrs = { rtaDst: address, rtaTable: table };
  const metric = spec.metric ?? (v6 ? IPV6_METRIC : 0);
  return metric === 0 ? attrs : { ...attrs, rtaPriority: metric };
}

function hopAttrs(hop: HopSpec, rtnhIfindex: number, to: OperationSink) {
  const rtnhFlags = hop.onlink === true ? RTNH_F_ONLINK : 0;
  return {
    header: { rtnhLen: 0, rtnhFlags, rtnhHops: (hop.weight ?? 1) - 1, rtnhIfindex },
    ...(hop.gateway !== undefined && { rtaGateway: parseIp(hop.gateway) }),
    ...(hop.via !== undefined && { rtaVia: viaBytes(hop.via) }),
    ...(hop.encap !== undefined && encapOf(hop.encap, to)),
    ...(hop.realms !== undefined && { rtaFlow: flowOf(hop.realms) }),
  };
}

function encapOf(encap: EncapSpec, to: OperationSink) {
  return { rtaEncapType: encapType(encap), rtaEncap: encapAttrs(encap, (path) => to.bpf(path)) };
}

function flowOf({ from = 0, to = 0 }: NonNullable<HopSpec['realms']>): number {
  return from * 65536 + to;
}

function viaBytes({ family, host }: NonNullable<HopSpec['via']>): Uint8Array {
  return Uint8Array.of(family === 'inet6' ? AF_INET6 : AF_INET, 0, ...parseIp(host));
}
