// SPDX-License-Identifier: Apache-2.0
import { isWeirError } from '../../base/errors.ts';
import { renderIp } from '../../base/ip.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { type Wire, wireOf } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import { NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import {
  decodeRouteAttrs,
  decodeRtmsg,
  encodeRouteAttrs,
  encodeRtmsg,
  ROUTE_ATTRS,
  type RouteAttrs,
  RTM_F_FIB_MATCH,
  RTM_F_LOOKUP_TABLE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTMSG_SIZE,
  type Rtmsg,
} from '../../codec/generated/rt-route.ts';
import { pickOf } from '../../codec/table.ts';
import { NETLINK, type NetlinkTransport } from '../../kernel/ports.ts';
import { parseDestination } from '../../kinds/route/destination.ts';
import { RT_TABLE_MAIN, tableNumber } from '../../kinds/route/names.ts';
import { placeSpec, routeSpec } from '../../kinds/route/observed.ts';
import { routeKey } from '../../kinds/route/route.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import type { Spec } from '../../model/object.ts';
import type { ClassReader, ReadContext, Want } from './class-reader.ts';
import { withGroups } from './nexthops.ts';

/** Up to here wanted routes are asked for one by one; beyond it dumping their table costs less. */
const ONE_BY_ONE = 256;
const RTM_F_CLONED = 0x200;
const RTPROT_REDIRECT = 1;
const RTPROT_KERNEL = 2;
const RTPROT_RA = 9;
const RTN_BLACKHOLE = 6;
const ENOENT = 2;

/** What tells whether a route is wanted. */
const FEW = pickOf(ROUTE_ATTRS, ['rtaDst', 'rtaPriority', 'rtaTable', 'rtaPrefsrc', 'rtaNhId']);

/** Fields that the kernel filters a dump by (net/ipv4/fib_frontend.c ip_valid_fib_dump_req()). */
interface Filter {
  readonly family: number;
  readonly table?: number;
  readonly oif?: number;
}

/** Routes: single ones by look-up, many by a dump of their tables, of which only the wanted are kept. */
export const routeReader: ClassReader = {
  class: 'route',
  async read(context, want, found) {
    const transport = await context.io.netlink(NETLINK.ROUTE);
    if (want.all) return readAll(transport, context, found);
    for (const [where, keys] of byTable(want.keys)) await readKeys(transport, context, where, keys, found);
    for (const name of want.onLinks) {
      const oif = context.indexOf(name);
      if (oif === undefined) continue;
      for (const family of [AF_INET, AF_INET6])
        await dump(transport, { family, oif }, context, (spec, protocol) => {
          if (isConfigured(spec, protocol)) found(spec);
        });
    }
    if (want.fromLinks.size + want.byNexthops.size > 0) await readUsers(transport, context, want, found);
  },
};

/** Routes that use a nexthop or have an address that is about to go. */
async function readUsers(
  transport: NetlinkTransport,
  context: ReadContext,
  { fromLinks, byNexthops }: Want,
  found: (spec: Spec) => void,
): Promise<void> {
  const addresses = context.links.addresses().filter(({ ifname }) => fromLinks.has(ifname));
  const sources = new Set(addresses.map(({ local }) => local));
  const ids = await withGroups(transport, byNexthops);
  const keep = (_: Rtmsg, { rtaPrefsrc, rtaNhId }: RouteAttrs) =>
    (rtaNhId !== undefined && ids.has(rtaNhId)) ||
    (rtaPrefsrc !== undefined && sources.has(renderIp(rtaPrefsrc)));
  const visit = (spec: Spec, protocol: number) => {
    if (isConfigured(spec, protocol)) found(spec);
  };
  for (const family of [AF_INET, AF_INET6]) await dump(transport, { family }, context, visit, keep);
}

async function readAll(transport: NetlinkTransport, context: ReadContext, found: (spec: Spec) => void) {
  for (const family of [AF_INET, AF_INET6])
    await dump(transport, { family }, context, (spec, protocol) => {
      if (isConfigured(spec, protocol)) found(spec);
    });
}

/** The kernel and router advertisements make the others. */
function isConfigured(spec: Spec, protocol: number): boolean {
  if (protocol === RTPROT_KERNEL || protocol === RTPROT_REDIRECT || protocol === RTPROT_RA) return false;
  return spec['table'] !== 'local';
}

/** Keys by the family and table that hold them. */
function byTable(keys: ReadonlySet<string>): ReadonlyMap<string, Set<string>> {
  const tables = new Map<string, Set<string>>();
  for (const key of keys) {
    const at = key.indexOf(' ');
    const family = key.indexOf(':', at) >= 0 ? AF_INET6 : AF_INET;
    const where = `${family} ${key.slice(0, at)}`;
    const known = tables.get(where);
    if (known === undefined) tables.set(where, new Set([key]));
    else known.add(key);
  }
  return tables;
}

async function readKeys(
  transport: NetlinkTransport,
  context: ReadContext,
  where: string,
  keys: ReadonlySet<string>,
  found: (spec: Spec) => void,
): Promise<void> {
  const [family = '', name = ''] = where.split(' ');
  const table = tableNumber(name);
  const filter = { family: Number(family), table };
  let left: ReadonlySet<string> = keys;
  if (table === RT_TABLE_MAIN && keys.size <= ONE_BY_ONE)
    left = await lookUpAll(transport, context, keys, found);
  if (left.size === 0) return;
  const keep = (header: Rtmsg, attrs: RouteAttrs) => left.has(routeKey(placeSpec(header, attrs)));
  await dump(transport, filter, context, found, keep);
}

/** Look the keys up. @returns those of which a look-up does not tell whether they exist. */
async function lookUpAll(
  transport: NetlinkTransport,
  context: ReadContext,
  keys: ReadonlySet<string>,
  found: (spec: Spec) => void,
): Promise<ReadonlySet<string>> {
  const asked = await Promise.all(
    [...keys].map(async (key) => ({ key, seen: await lookUp(transport, context, key) })),
  );
  const left = new Set<string>();
  for (const { key, seen } of asked)
    if (seen !== undefined && routeKey(seen) === key) found(seen);
    else left.add(key);
  const absent = await Promise.all([...left].map((key) => isAbsent(transport, key)));
  return new Set([...left].filter((_, i) => absent[i] !== true));
}

/**
 * The route that the kernel takes to the destination's first address, and the table that holds it: without
 * RTM_F_LOOKUP_TABLE it says main of every one (net/ipv4/route.c inet_rtm_getroute()). Another
 * one than the wanted, or none, tells nothing: a more specific one, a better metric or a rule may hide it.
 */
async function lookUp(
  transport: NetlinkTransport,
  context: ReadContext,
  key: string,
): Promise<Spec | undefined> {
  const { address } = placeOf(key);
  // The kernel would call the route to a group multicast, whatever it was made as
  if (address.length === 4 && (address[0] ?? 0) >= 224) return undefined;
  const payload = payloadOf((out) => {
    const rtmFamily = address.length === 4 ? AF_INET : AF_INET6;
    encodeRtmsg(out, {
      rtmFamily,
      rtmDstLen: address.length * 8,
      rtmFlags: RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE,
    });
    encodeRouteAttrs(out, { rtaDst: address });
  });
  try {
    const [reply] = await transport.request({
      type: RTM_GETROUTE,
      payload,
      operation: `RTM_GETROUTE ${key}`,
    });
    if (reply === undefined) return undefined;
    return project(wireOf(reply.payload), 0, reply.payload.length, context)?.spec;
  } catch (error) {
    if (error instanceof KernelError || isWeirError(error)) return undefined;
    throw error;
  }
}

/**
 * True when no IPv4 route has this prefix, type of service and metric. Asked by a request that can only fail: an
 * exclusive one (EEXIST when there is such a route) that is not allowed to create (ENOENT when there is none,
 * net/ipv4/fib_trie.c fib_table_insert()). It sees what rules and better routes hide from a look-up and costs the
 * same in a table of a million. IPv6 has no such answer.
 */
async function isAbsent(transport: NetlinkTransport, key: string): Promise<boolean> {
  const { address, prefixlen, tos, metric } = placeOf(key);
  if (address.length !== 4) return false;
  const payload = payloadOf((out) => {
    const rtmType = RTN_BLACKHOLE;
    encodeRtmsg(out, {
      rtmFamily: AF_INET,
      rtmDstLen: prefixlen,
      rtmTos: tos,
      rtmTable: RT_TABLE_MAIN,
      rtmType,
    });
    encodeRouteAttrs(out, { rtaDst: address, ...(metric !== 0 && { rtaPriority: metric }) });
  });
  const operation = `look for ${key}`;
  try {
    await transport.request({ type: RTM_NEWROUTE, flags: NLM_F_EXCL, payload, operation });
    return false;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return error.errno === ENOENT;
  }
}

/** What a key says. */
function placeOf(key: string) {
  const [, dst = '', ...rest] = key.split(' ');
  const after = (word: string) => Number(rest[rest.indexOf(word) + 1] ?? 0);
  const tos = rest.includes('tos') ? after('tos') : 0;
  const metric = rest.includes('metric') ? after('metric') : 0;
  return { ...parseDestination(dst), tos, metric };
}

/** Dump routes; of those that `keep` refuses by a few attributes the rest is not looked at. */
async function dump(
  transport: NetlinkTransport,
  { family, table, oif }: Filter,
  context: ReadContext,
  visit: (spec: Spec, protocol: number) => void,
  keep?: (header: Rtmsg, attrs: RouteAttrs) => boolean,
): Promise<void> {
  const payload = payloadOf((out) => {
    encodeRtmsg(out, { rtmFamily: family });
    encodeRouteAttrs(out, {
      ...(table !== undefined && { rtaTable: table }),
      ...(oif !== undefined && { rtaOif: oif }),
    });
  });
  const operation = `RTM_GETROUTE dump table ${table ?? 'all'}`;
  const sink = (wire: Wire, start: number, end: number) => {
    if (keep !== undefined && !keep(...few(wire, start, end))) return;
    const seen = project(wire, start, end, context);
    if (seen !== undefined) visit(seen.spec, seen.protocol);
  };
  try {
    await transport.dump({ type: RTM_GETROUTE, payload, operation }, sink);
  } catch (error) {
    // a table that never had a route
    if (!(error instanceof KernelError) || error.errno !== ENOENT) throw error;
  }
}

function few(wire: Wire, start: number, end: number): [Rtmsg, RouteAttrs] {
  const header = decodeRtmsg(wire, start, Math.min(end, start + RTMSG_SIZE));
  return [header, decodeRouteAttrs(wire, start + RTMSG_SIZE, end, FEW)];
}

function project(wire: Wire, start: number, end: number, { nameOf }: ReadContext) {
  const header = decodeRtmsg(wire, start, Math.min(end, start + RTMSG_SIZE));
  if ((header.rtmFlags & RTM_F_CLONED) !== 0) return undefined;
  const attrs: RouteAttrs = decodeRouteAttrs(wire, start + RTMSG_SIZE, end);
  return { spec: routeSpec(header, attrs, nameOf), protocol: header.rtmProtocol };
}
