// SPDX-License-Identifier: Apache-2.0
import { isWeirError, messageOf, WeirError } from '../base/errors.ts';
import { NETLINK } from '../kernel/ports.ts';
import type { LabHost } from './host.ts';
import { readLinks } from './links.ts';
import { deleteLink } from './requests.ts';
import { unlessErrno } from './tolerate.ts';
import type { LabNode, Topology } from './topology.ts';

const ENOENT = 2;
const ENODEV = 19;

/**
 * Remove the lab `name`, or what there is of it. A node that resists does not save the others.
 *
 * @returns the namespaces that were removed.
 * @throws {WeirError} `LAB` naming what could not be removed.
 */
export async function labDown(host: LabHost, topology: Topology, name: string): Promise<readonly string[]> {
  const done: string[] = [];
  const problems: string[] = [];
  for (const node of topology.nodes) {
    const netns = `${name}-${node.name}`;
    try {
      await unplug(host, topology, node, netns);
      if (await unlessErrno(ENOENT, () => host.remove(netns))) done.push(`removed the namespace ${netns}`);
    } catch (error) {
      problems.push(`${netns}: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) throw new WeirError('LAB', { problem: problems.join('; ') });
  return done;
}

/** Devices go first: a namespace lives on while a process in it does, and its cables would with it. */
async function unplug(host: LabHost, topology: Topology, node: LabNode, name: string): Promise<void> {
  const netns = await host.namespaces.open(name).catch((error: unknown) => {
    if (isWeirError(error, 'NOT_FOUND')) return undefined;
    throw error;
  });
  if (netns === undefined) return;
  try {
    const transport = await netns.netlink(NETLINK.ROUTE);
    const present = await readLinks(netns);
    const ours = devicesOf(topology, node).filter((ifname) => present.has(ifname));
    for (const ifname of ours) await unlessErrno(ENODEV, () => transport.request(deleteLink(ifname)));
  } finally {
    await netns.close();
  }
}

function devicesOf(topology: Topology, node: LabNode): readonly string[] {
  const ends = topology.cables.flat().filter((end) => end.node === node.name);
  return [...ends.map((end) => end.ifname), ...(node.bridge === undefined ? [] : [node.bridge.ifname])];
}
