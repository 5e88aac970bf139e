// SPDX-License-Identifier: Apache-2.0
import { ERRNO } from '../../base/errno.gen.ts';
import { isWeirError } from '../../base/errors.ts';
import { parseIp } from '../../base/ip.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { type Wire, wireOf } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import {
  decodeLinkAttrs,
  encodeIfinfomsg,
  IFINFOMSG_SIZE,
  RTM_GETLINK,
} from '../../codec/generated/rt-link.ts';
import {
  decodeRouteAttrs,
  decodeRtmsg,
  encodeRouteAttrs,
  encodeRtmsg,
  RTM_F_FIB_MATCH,
  RTM_F_LOOKUP_TABLE,
  RTM_GETROUTE,
  RTMSG_SIZE,
} from '../../codec/generated/rt-route.ts';
import { type NamespaceIo, NETLINK, type NetlinkTransport } from '../../kernel/ports.ts';
import { routeSpec } from '../../kinds/route/observed.ts';
import { routeKey } from '../../kinds/route/route.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import type { Route } from '../../model/route.ts';
import { projectRoute } from '../../observe/project/route.ts';
import type { CallerPath } from '../../plan/plan.ts';

/** What the kernel says where there is no way, or an address that routes are not for. */
const NO_WAY: readonly number[] = [
  ERRNO.ENETUNREACH,
  ERRNO.EHOSTUNREACH,
  ERRNO.EINVAL,
  ERRNO.EACCES,
  ERRNO.EADDRNOTAVAIL,
];

/**
 * How packets to `peer` leave the namespace now; undefined when there is no way, or `peer` is no address.
 * @see net/ipv4/route.c inet_rtm_getroute()
 */
export async function pathTo(io: NamespaceIo, peer: string): Promise<CallerPath | undefined> {
  const address = addressOf(peer);
  if (address === undefined) return undefined;
  const transport = await io.netlink(NETLINK.ROUTE);
  try {
    const found = await lookUp(transport, address, peer);
    if (found === undefined) return undefined;
    const { dev, gateway, prefsrc } = found.route;
    return {
      peer,
      ...(prefsrc !== undefined && { local: prefsrc }),
      ...(dev !== undefined && { dev }),
      ...(gateway !== undefined && { gateway }),
      route: found.key,
    };
  } catch (error) {
    if (error instanceof KernelError && NO_WAY.includes(error.errno)) return undefined;
    throw error;
  }
}

/** IPv4 addresses in IPv6 form are what sockets for both families report. */
function addressOf(text: string): Uint8Array | undefined {
  try {
    return parseIp(text.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, ''));
  } catch (error) {
    if (isWeirError(error)) return undefined;
    throw error;
  }
}

/** The route that matches, rather than the way that comes of it. */
async function lookUp(
  transport: NetlinkTransport,
  address: Uint8Array,
  peer: string,
): Promise<{ readonly route: Route; readonly key: string } | undefined> {
  const payload = payloadOf((out) => {
    const rtmFlags = RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE;
    const rtmFamily = address.length === 4 ? AF_INET : AF_INET6;
    encodeRtmsg(out, { rtmFamily, rtmDstLen: address.length * 8, rtmFlags });
    encodeRouteAttrs(out, { rtaDst: address });
  });
  const operation = `look up the route to ${peer}`;
  const [reply] = await transport.request({ type: RTM_GETROUTE, payload, operation });
  if (reply === undefined) return undefined;
  const wire = wireOf(reply.payload);
  const end = reply.payload.length;
  const names = await deviceNames(transport, indexesIn(wire, end));
  const nameOf = (index: number) => names.get(index) ?? `if${index}`;
  const route = projectRoute(wire, 0, end, nameOf);
  if (route === undefined) return undefined;
  const spec = routeSpec(decodeRtmsg(wire, 0, end), decodeRouteAttrs(wire, RTMSG_SIZE, end), nameOf);
  return { route, key: routeKey(spec) };
}

/** Devices that a route names. */
function indexesIn(wire: Wire, end: number): ReadonlySet<number> {
  const indexes = new Set<number>();
  const note = (index: number) => {
    indexes.add(index);
    return '';
  };
  projectRoute(wire, 0, end, note);
  routeSpec(decodeRtmsg(wire, 0, end), decodeRouteAttrs(wire, RTMSG_SIZE, end), note);
  return indexes;
}

/** A device that has gone meanwhile has no name. */
async function deviceNames(
  transport: NetlinkTransport,
  indexes: Iterable<number>,
): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>();
  for (const ifiIndex of indexes) {
    const payload = payloadOf((out) => encodeIfinfomsg(out, { ifiIndex }));
    try {
      const [link] = await transport.request({
        type: RTM_GETLINK,
        payload,
        operation: `look up device ${ifiIndex}`,
      });
      if (link === undefined) continue;
      const { ifname } = decodeLinkAttrs(wireOf(link.payload), IFINFOMSG_SIZE, link.payload.length);
      if (ifname !== undefined) names.set(ifiIndex, ifname);
    } catch (error) {
      if (!(error instanceof KernelError && error.errno === ERRNO.ENODEV)) throw error;
    }
  }
  return names;
}
