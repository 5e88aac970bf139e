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
  type RouteAttrs,
  RTM_F_FIB_MATCH,
  RTM_F_LOOKUP_TABLE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTMSG_SIZE,
  type Rtmsg,
} from '../../codec/generated/rt-route.ts';
import { NETLINK, type NetlinkTransport } from '../../kernel/ports.ts';
import { parseDestination } from '../../kinds/route/destination.ts';
import { RT_TABLE_MAIN, tableNumber } from '../../kinds/route/names.ts';
import { placeSpec, routeSpec } from '../../kinds/route/observed.ts';
import { routeKey } from '../../kinds/route/route.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import type { Spec } from '../../model/object.ts';
import type { ClassReader, Found, ReadContext, Want } from './class-reader.ts';
import { withGroups } from './nexthops.ts';

/** Up to here wanted routes are asked for one by one; beyond it dumping their table costs less. */
const ONE_BY_ONE = 256;
const RTM_F_CLONED = 0x200;
const RTPROT_REDIRECT = 1;
const RTPROT_KERNEL = 2;
const RTPROT_RA = 9;
/** Protocols of routes that nobody configured. */
const BY_ITSELF: ReadonlySet<number> = new Set([RTPROT_REDIRECT, RTPROT_KERNEL, RTPROT_RA]);
const RTN_BLACKHOLE = 6;
const ENOENT = 2;

/** Looks at one route of a dump. */
type Visit = (header: Rtmsg, attrs: RouteAttrs) => void;

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
        await dump(transport, { family, oif }, visitConfigured(context, found));
    }
    if (want.fromLinks.size + want.byNexthops.size > 0) await readUsers(transport, context, want, found);
  },
};

/** Routes that use a nexthop or have an address that is about to go. */
async function readUsers(
  transport: NetlinkTransport,
  context: ReadContext,
  { fromLinks, byNexthops }: Want,
  found: Found,
): Promise<void> {
  const addresses = context.links.addresses().filter(({ ifname }) => fromLinks.has(ifname));
  const sources = new Set(addresses.map(({ local }) => local));
  const ids = await withGroups(transport, byNexthops);
  const uses = ({ rtaPrefsrc, rtaNhId }: RouteAttrs) =>
    (rtaNhId !== undefined && ids.has(rtaNhId)) ||
    (rtaPrefsrc !== undefined && sources.has(renderIp(rtaPrefsrc)));
  const visit = visitConfigured(context, found);
  for (const family of [AF_INET, AF_INET6])
    await dump(transport, { family }, (header, attrs) => {
      if (uses(attrs)) visit(header, attrs);
    });
}

async function readAll(transport: NetlinkTransport, context: ReadContext, found: Found) {
  for (const family of [AF_INET, AF_INET6])
    await dump(transport, { family }, visitConfigured(context, found));
}

/** Takes the routes that somebody configured; the kernel and router advertisements make the others. */
function visitConfigured({ nameOf }: ReadContext, found: Found): Visit {
  return (header, attrs) => {
    if (BY_ITSELF.has(header.rtmProtocol)) return;
    const spec = routeSpec(header, attrs, nameOf);
    if (spec['table'] !== 'local') found(spec);
  };
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
  found: Found,
): Promise<void> {
  const [family = '', name = ''] = where.split(' ');
  const table = tableNumber(name);
  const filter = { family: Number(family), table };
  let left: ReadonlySet<string> = keys;
  if (table === RT_TABLE_MAIN && keys.size <= ONE_BY_ONE)
    left = await lookUpAll(transport, context, keys, found);
  if (left.size === 0) return;
  await dump(transport, filter, (header, attrs) => {
    const place = placeSpec(header, attrs);
    const key = routeKey(place);
    if (left.has(key)) found(routeSpec(header, attrs, context.nameOf, place), key);
  });
}

/** Look the keys up. @returns those of which a look-up does not tell whether they exist. */
async function lookUpAll(
  transport: NetlinkTransport,
  context: ReadContext,
  keys: ReadonlySet<string>,
  found: Found,
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
    const { header, attrs } = decoded(wireOf(reply.payload), 0, reply.payload.length);
    if (isCloned(header)) return undefined;
    return routeSpec(header, attrs, context.nameOf);
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

/** Visit every route that passes the filter. */
async function dump(
  transport: NetlinkTransport,
  { family, table, oif }: Filter,
  visit: Visit,
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
    const { header, attrs } = decoded(wire, start, end);
    if (!isCloned(header)) visit(header, attrs);
  };
  try {
    await transport.dump({ type: RTM_GETROUTE, payload, operation }, sink);
  } catch (error) {
    // a table that never had a route
    if (!(error instanceof KernelError) || error.errno !== ENOENT) throw error;
  }
}

/** A copy of a route for a single destination, which the kernel made for itself. */
function isCloned({ rtmFlags }: Rtmsg): boolean {
  return (rtmFlags & RTM_F_CLONED) !== 0;
}

function decoded(wire: Wire, start: number, end: number): { header: Rtmsg; attrs: RouteAttrs } {
  const header = decodeRtmsg(wire, start, Math.min(end, start + RTMSG_SIZE));
  return { header, attrs: decodeRouteAttrs(wire, start + RTMSG_SIZE, end) };
}
