// SPDX-License-Identifier: Apache-2.0
import { KernelError } from '../base/kernel-error.ts';
import { type MessageSink, type NamespaceIo, NETLINK, type NetlinkRequest } from '../kernel/ports.ts';
import type { Address } from '../model/address.ts';
import type { Link } from '../model/link.ts';
import { AF_INET, AF_INET6 } from '../model/names/families.ts';
import type { Neighbour } from '../model/neighbour.ts';
import type { Nexthop } from '../model/nexthop.ts';
import type { Qdisc, TrafficClass } from '../model/qdisc.ts';
import type { Route } from '../model/route.ts';
import type { Rule } from '../model/rule.ts';
import { withAccountNames } from './account-names.ts';
import { dumpLinkTable } from './dump-link-table.ts';
import {
  classDump,
  linkDump,
  neighbourDump,
  nexthopDump,
  qdiscDump,
  routeDump,
  ruleDump,
} from './dump-requests.ts';
import { LinkTable } from './link-table.ts';
import type { DeviceNames } from './project/device-names.ts';
import { linkNameIn } from './project/link-name.ts';
import { projectNeighbour } from './project/neighbour.ts';
import { projectNexthop } from './project/nexthop.ts';
import { projectRoute } from './project/route.ts';
import { projectRule } from './project/rule.ts';
import { projectClass, projectQdisc } from './project/tc.ts';
import { filtered, gathered, type Visitor } from './visitor.ts';

/** What every reader may be told. */
export interface ReadOptions {
  /** Names of devices, from a snapshot; read from the kernel when absent. */
  readonly names?: (ifindex: number) => string | undefined;
  readonly signal?: AbortSignal;
}

export interface RouteFilter extends ReadOptions {
  readonly family?: 'inet' | 'inet6';
  /** Number of one table; all tables when absent. */
  readonly table?: number;
}

export interface NeighbourFilter extends ReadOptions {
  readonly family?: 'inet' | 'inet6';
  /** Also entries that need no resolution (multicast, loopback), which `ip` hides. */
  readonly noarp?: boolean;
  /** The entries that the node answers for, in place of the ordinary ones. */
  readonly proxy?: boolean;
}

/** The object in a message, if it holds one that counts. */
type Projection<T> = (...message: Parameters<MessageSink>) => T | undefined;

const FAMILY_NUMBERS = { inet: AF_INET, inet6: AF_INET6 } as const;
const ENOENT = 2;

/** All links, by ascending ifindex. @throws {WeirError} from the transport. */
export async function readLinks(io: NamespaceIo, signal?: AbortSignal): Promise<readonly Link[]> {
  const table = await readTable(io, signal);
  return withAccountNames(
    table.rows().map((row) => row.link),
    io.proc,
  );
}

/** All addresses, by ascending ifindex of their devices. @throws {WeirError} from the transport. */
export async function readAddresses(io: NamespaceIo, signal?: AbortSignal): Promise<readonly Address[]> {
  return (await readTable(io, signal)).addresses();
}

/** All routes that the filter asks for, IPv4 first. @throws {WeirError} from the transport. */
export async function visitRoutes(
  io: NamespaceIo,
  to: Visitor<Route>,
  filter: RouteFilter = {},
): Promise<void> {
  const names = await namesFor(io, filter);
  const all = await gathered<Nexthop>((list) => visitNexthops(io, list, filter));
  const nexthops = new Map(all.map((nexthop) => [nexthop.id, nexthop]));
  const project: Projection<Route> = (wire, start, end) =>
    projectRoute(wire, start, end, names, (id) => nexthops.get(id));
  for (const family of familiesOf(filter.family))
    await visit(io, routeDump(family, filter.table), project, to, filter).catch(unlessNoSuchTable);
}

/** All rules of both families, by family and priority. @throws {WeirError} from the transport. */
export async function visitRules(
  io: NamespaceIo,
  to: Visitor<Rule>,
  options: ReadOptions & { readonly family?: 'inet' | 'inet6' } = {},
): Promise<void> {
  for (const family of familiesOf(options.family))
    await visit(io, ruleDump(family), projectRule, to, options);
}

/** Neighbours as `ip` shows them, or as the filter asks. @throws {WeirError} from the transport. */
export async function visitNeighbours(
  io: NamespaceIo,
  to: Visitor<Neighbour>,
  filter: NeighbourFilter = {},
): Promise<void> {
  const names = await namesFor(io, filter);
  const project: Projection<Neighbour> = (wire, start, end) => projectNeighbour(wire, start, end, names);
  const wanted = filtered(to, (neighbour) => shown(neighbour, filter));
  await visit(io, neighbourDump(filter.proxy === true), project, wanted, filter);
}

/** All nexthop objects, by id. @throws {WeirError} from the transport. */
export async function visitNexthops(
  io: NamespaceIo,
  to: Visitor<Nexthop>,
  options: ReadOptions = {},
): Promise<void> {
  const names = await namesFor(io, options);
  await visit(io, nexthopDump(), (wire, start, end) => projectNexthop(wire, start, end, names), to, options);
}

/** All qdiscs with their statistics. @throws {WeirError} from the transport. */
export async function visitQdiscs(
  io: NamespaceIo,
  to: Visitor<Qdisc>,
  options: ReadOptions = {},
): Promise<void> {
  const names = await namesFor(io, options);
  await visit(io, qdiscDump(), (wire, start, end) => projectQdisc(wire, start, end, names), to, options);
}

/** The classes of one device. @throws {WeirError} from the transport. */
export async function readClasses(
  io: NamespaceIo,
  ifindex: number,
  options: ReadOptions = {},
): Promise<readonly TrafficClass[]> {
  const names = await namesFor(io, options);
  const project: Projection<TrafficClass> = (wire, start, end) => projectClass(wire, start, end, names);
  return gathered((list) => visit(io, classDump(ifindex), project, list, options));
}

function familiesOf(family: 'inet' | 'inet6' | undefined): readonly number[] {
  return family === undefined ? [AF_INET, AF_INET6] : [FAMILY_NUMBERS[family]];
}

function shown(neighbour: Neighbour, { family, noarp = false, proxy = false }: NeighbourFilter): boolean {
  if (family !== undefined && neighbour.dst.includes(':') !== (family === 'inet6')) return false;
  if (proxy || noarp) return true;
  if (neighbour.extern_learn === null) return true;
  return neighbour.state !== undefined && !neighbour.state.includes('NOARP');
}

async function readTable(io: NamespaceIo, signal: AbortSignal | undefined): Promise<LinkTable> {
  const { name } = io.netns;
  return dumpLinkTable(await io.netlink(NETLINK.ROUTE), name, new LinkTable(name), signal);
}

/** Names that the caller knows, else those that the kernel has now. */
async function namesFor(io: NamespaceIo, options: ReadOptions): Promise<DeviceNames> {
  const known = options.names ?? (await readNames(io, options));
  return (ifindex) => known(ifindex) ?? `if${ifindex}`;
}

async function readNames(io: NamespaceIo, options: ReadOptions) {
  const pairs = await gathered<readonly [number, string]>((list) =>
    visit(io, linkDump(), linkNameIn, list, options),
  );
  const names = new Map(pairs);
  return (ifindex: number) => names.get(ifindex);
}

/** Dump and project; what `project` returns undefined for is left out. */
async function visit<T>(
  io: NamespaceIo,
  request: NetlinkRequest,
  project: Projection<T>,
  to: Visitor<T>,
  { signal }: ReadOptions,
): Promise<void> {
  const transport = await io.netlink(NETLINK.ROUTE);
  const sink: MessageSink = (...message) => {
    const object = project(...message);
    if (object !== undefined) to.visit(object);
  };
  to.begin();
  await transport.dump(request, sink, {
    restart: () => to.restart(),
    ...(signal === undefined ? {} : { signal }),
    ...(to.pace === undefined ? {} : { pace: to.pace }),
  });
}

/** A table without routes does not exist for the kernel: that is an empty answer. */
function unlessNoSuchTable(error: unknown): void {
  if (!(error instanceof KernelError) || error.errno !== ENOENT) throw error;
}
