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

/**
 * Stream routes to `visit`, which keeps what it wants: a node can hold millions.
 *
 * @throws {WeirError} from the transport; routes visited before an interrupted dump's repetition are visited
 * again after `restart`.
 */
export async function readRoutes(
  io: NamespaceIo,
  visit: (route: Route) => void,
  filter: RouteFilter & { readonly restart?: () => void } = {},
): Promise<void> {
  const names = await namesFor(io, filter);
  const nexthops = new Map((await readNexthops(io, filter)).map((nexthop) => [nexthop.id, nexthop]));
  for (const family of familiesOf(filter.family)) {
    const sink: MessageSink = (wire, start, end) => {
      const route = projectRoute(wire, start, end, names, (id) => nexthops.get(id));
      if (route !== undefined) visit(route);
    };
    await dump(io, routeDump(family, filter.table), sink, filter).catch(unlessNoSuchTable);
  }
}

/** All rules of both families, by family and priority. @throws {WeirError} from the transport. */
export async function readRules(
  io: NamespaceIo,
  options: ReadOptions & { readonly family?: 'inet' | 'inet6' } = {},
): Promise<readonly Rule[]> {
  const rules: Rule[][] = [];
  for (const family of familiesOf(options.family))
    rules.push(await collect(io, ruleDump(family), projectRule, options));
  return rules.flat();
}

/** Neighbours as `ip` shows them, or as the filter asks. @throws {WeirError} from the transport. */
export async function readNeighbours(
  io: NamespaceIo,
  filter: NeighbourFilter = {},
): Promise<readonly Neighbour[]> {
  const names = await namesFor(io, filter);
  const all = await collect(
    io,
    neighbourDump(filter.proxy === true),
    (wire, start, end) => projectNeighbour(wire, start, end, names),
    filter,
  );
  return all.filter((neighbour) => shown(neighbour, filter));
}

/** All nexthop objects, by id. @throws {WeirError} from the transport. */
export async function readNexthops(io: NamespaceIo, options: ReadOptions = {}): Promise<readonly Nexthop[]> {
  const names = await namesFor(io, options);
  return collect(io, nexthopDump(), (wire, start, end) => projectNexthop(wire, start, end, names), options);
}

/** All qdiscs with their statistics. @throws {WeirError} from the transport. */
export async function readQdiscs(io: NamespaceIo, options: ReadOptions = {}): Promise<readonly Qdisc[]> {
  const names = await namesFor(io, options);
  return collect(io, qdiscDump(), (wire, start, end) => projectQdisc(wire, start, end, names), options);
}

/** The classes of one device. @throws {WeirError} from the transport. */
export async function readClasses(
  io: NamespaceIo,
  ifindex: number,
  options: ReadOptions = {},
): Promise<readonly TrafficClass[]> {
  const names = await namesFor(io, options);
  return collect(
    io,
    classDump(ifindex),
    (wire, start, end) => projectClass(wire, start, end, names),
    options,
  );
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
  const pairs = await collect(io, linkDump(), linkNameIn, options);
  const names = new Map(pairs);
  return (ifindex: number) => names.get(ifindex);
}

/** Dump and project; what `project` returns undefined for is left out. */
async function collect<T>(
  io: NamespaceIo,
  request: NetlinkRequest,
  project: (...message: Parameters<MessageSink>) => T | undefined,
  { signal }: ReadOptions,
): Promise<T[]> {
  let found: T[] = [];
  const sink: MessageSink = (...message) => {
    const object = project(...message);
    if (object !== undefined) found.push(object);
  };
  const restart = () => {
    found = [];
  };
  await dump(io, request, sink, signal === undefined ? { restart } : { restart, signal });
  return found;
}

async function dump(
  io: NamespaceIo,
  request: NetlinkRequest,
  sink: MessageSink,
  { signal, restart }: { readonly signal?: AbortSignal; readonly restart?: () => void },
): Promise<void> {
  const transport = await io.netlink(NETLINK.ROUTE);
  await transport.dump(request, sink, {
    ...(signal === undefined ? {} : { signal }),
    ...(restart === undefined ? {} : { restart }),
  });
}

/** A table without routes does not exist for the kernel: that is an empty answer. */
function unlessNoSuchTable(error: unknown): void {
  if (!(error instanceof KernelError) || error.errno !== ENOENT) throw error;
}
