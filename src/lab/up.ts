// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../base/bytes.ts';
import { WeirError } from '../base/errors.ts';
import { type NamespaceIo, NETLINK, type NetlinkRequest } from '../kernel/ports.ts';
import type { LabHost } from './host.ts';
import { readLinks } from './links.ts';
import { openWhenMade } from './open-when-made.ts';
import { enableLink, newAddress, newBridge, newCable, newRoute } from './requests.ts';
import { unlessErrno } from './tolerate.ts';
import type { LabNode, Topology } from './topology.ts';

const EEXIST = 17;

/** A lab while it is being built: its open namespaces, and what was done so far, in words. */
interface Site {
  readonly host: LabHost;
  readonly topology: Topology;
  readonly netns: ReadonlyMap<string, NamespaceIo>;
  readonly done: string[];
}

/**
 * Build what is missing of the lab `name`. It may be called again after a failure, or by two callers at once.
 *
 * @returns what was done, in words; empty when nothing was missing.
 */
export async function labUp(host: LabHost, topology: Topology, name: string): Promise<readonly string[]> {
  const done: string[] = [];
  const netns = new Map<string, NamespaceIo>();
  try {
    for (const node of topology.nodes)
      netns.set(node.name, await ensureNamespace(host, `${name}-${node.name}`, done));
    const site: Site = { host, topology, netns, done };
    await layCables(site);
    // Every device is up before the first address: IPv6 makes routes only where there is a carrier.
    for (const node of topology.nodes) await enableLinks(site, node);
    for (const node of topology.nodes) await configure(site, node);
    return done;
  } finally {
    for (const io of netns.values()) await io.close();
  }
}

async function ensureNamespace(host: LabHost, name: string, done: string[]): Promise<NamespaceIo> {
  if (await unlessErrno(EEXIST, () => host.create(name))) done.push(`created the namespace ${name}`);
  return openWhenMade(() => host.namespaces.open(name));
}

async function layCables(site: Site): Promise<void> {
  for (const cable of site.topology.cables) {
    const [near, far] = cable;
    const present = (await readLinks(netnsOf(site, near.node))).has(near.ifname);
    if (!present) await ensure(site, near.node, newCable(cable, netnsOf(site, far.node).fd));
  }
  for (const { name, bridge } of site.topology.nodes)
    if (bridge !== undefined) await ensure(site, name, newBridge(bridge.ifname));
}

async function enableLinks(site: Site, { name, bridge }: LabNode): Promise<void> {
  const links = await readLinks(netnsOf(site, name));
  const master = links.get(bridge?.ifname ?? '')?.ifindex;
  for (const link of links.values()) {
    const wanted = bridge?.ports.includes(link.ifname) ? master : undefined;
    if (link.up && link.master === wanted) continue;
    await send(site, name, enableLink(link.ifindex, wanted));
    site.done.push(`${name}: set ${link.ifname} up`);
  }
}

async function configure(site: Site, node: LabNode): Promise<void> {
  const links = await readLinks(netnsOf(site, node.name));
  for (const [path, value] of Object.entries(node.sysctls)) await ensureSysctl(site, node.name, path, value);
  for (const [ifname, prefixes] of Object.entries(node.addresses)) {
    const link = links.get(ifname);
    if (link === undefined)
      throw new WeirError('LAB', { problem: `${node.name} has lost its device ${ifname}` });
    for (const prefix of prefixes) await ensure(site, node.name, newAddress(link.ifindex, ifname, prefix));
  }
  for (const { via, to } of node.routes) await ensure(site, node.name, newRoute(via, to));
}

async function ensureSysctl(site: Site, node: string, path: string, value: string): Promise<void> {
  const netns = netnsOf(site, node);
  if (textOf(await netns.proc.read(`sys/${path}`)).trim() === value) return;
  await site.host.writeSysctl(netns, path, value);
  site.done.push(`${node}: set ${path} = ${value}`);
}

async function ensure(site: Site, node: string, request: NetlinkRequest): Promise<void> {
  if (await unlessErrno(EEXIST, () => send(site, node, request)))
    site.done.push(`${node}: ${request.operation}`);
}

async function send(site: Site, node: string, request: NetlinkRequest): Promise<void> {
  const transport = await netnsOf(site, node).netlink(NETLINK.ROUTE);
  await transport.request(request);
}

function netnsOf({ netns }: Site, node: string): NamespaceIo {
  const io = netns.get(node);
  if (io === undefined) throw new WeirError('LAB', { problem: `the topology names an unknown node ${node}` });
  return io;
}
