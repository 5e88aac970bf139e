// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../base/ip.ts';
import type { Wire } from '../base/wire.ts';
import { Encoder } from '../codec/encoder.ts';
import {
  decodeRouteAttrs,
  decodeRtmsg,
  encodeRtmsg,
  ROUTE_ATTRS,
  type RouteAttrs,
  RTM_GETROUTE,
  RTMSG_SIZE,
  RTN_UNICAST,
} from '../codec/generated/rt-route.ts';
import { pickOf } from '../codec/table.ts';
import type { NetlinkTransport } from '../kernel/ports.ts';
import type { RouteRow } from '../metrics/collector.ts';

/** Names that node_exporter gives to RTPROT_*; every other number is `unknown`. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [0, 'unspec'],
  [1, 'redirect'],
  [2, 'kernel'],
  [3, 'boot'],
  [4, 'static'],
  [8, 'gated'],
  [9, 'ra'],
  [10, 'mrt'],
  [11, 'zebra'],
  [12, 'bird'],
  [13, 'dnrouted'],
  [14, 'xorp'],
  [15, 'ntk'],
  [16, 'dhcp'],
  [17, 'mrouted'],
  [42, 'babel'],
  [186, 'bgp'],
  [187, 'isis'],
  [188, 'ospf'],
  [189, 'rip'],
  [192, 'eigrp'],
]);

const SHOWN = pickOf(ROUTE_ATTRS, [
  'rtaDst',
  'rtaOif',
  'rtaGateway',
  'rtaPriority',
  'rtaPrefsrc',
  { rtaMultipath: ['rtaGateway'] },
]);

/**
 * Stream the unicast routes of all tables, one row for each hop.
 *
 * @param nameOf Name of a device, undefined for one that is not shown.
 * @param visit Called for each row.
 * @param restart Called when all rows will come again, because the tables changed during the dump.
 */
export async function streamRoutes(
  transport: NetlinkTransport,
  nameOf: (ifindex: number) => string | undefined,
  visit: (route: RouteRow) => void,
  restart: () => void,
  signal: AbortSignal,
): Promise<void> {
  const request = new Encoder(RTMSG_SIZE);
  encodeRtmsg(request, {});
  await transport.dump(
    { type: RTM_GETROUTE, payload: request.payload(), operation: 'RTM_GETROUTE dump' },
    (wire, start, end) => visitHops(wire, start, end, nameOf, visit),
    { restart, signal },
  );
}

function visitHops(
  wire: Wire,
  start: number,
  end: number,
  nameOf: (ifindex: number) => string | undefined,
  visit: (route: RouteRow) => void,
): void {
  const header = decodeRtmsg(wire, start, end);
  if (header.rtmType !== RTN_UNICAST) return;
  const attrs = decodeRouteAttrs(wire, start + RTMSG_SIZE, end, SHOWN);
  const common = {
    src: text(attrs.rtaPrefsrc),
    dest: attrs.rtaDst === undefined ? 'default' : `${renderIp(attrs.rtaDst)}/${header.rtmDstLen}`,
    priority: String(attrs.rtaPriority ?? 0),
    proto: PROTOCOLS.get(header.rtmProtocol) ?? 'unknown',
  };
  for (const { ifindex, gw, weight } of hopsOf(attrs)) {
    const device = nameOf(ifindex);
    if (device !== undefined) visit({ ...common, device, gw, weight });
  }
}

function hopsOf(attrs: RouteAttrs) {
  if (attrs.rtaMultipath === undefined)
    return [{ ifindex: attrs.rtaOif ?? 0, gw: text(attrs.rtaGateway), weight: '' }];
  return attrs.rtaMultipath.map(({ header, rtaGateway }) => ({
    ifindex: header.rtnhIfindex,
    gw: text(rtaGateway),
    weight: String(header.rtnhHops + 1),
  }));
}

function text(address: Uint8Array | undefined): string {
  return address === undefined ? '' : renderIp(address);
}
