// SPDX-License-Identifier: Apache-2.0
import { isWeirError, WeirError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import type { NamespaceIo } from '../kernel/ports.ts';
import { labDown } from './down.ts';
import type { LabHost } from './host.ts';
import { type LabLink, readLinks } from './links.ts';
import { EDGE_SITE, type LabNode, type Topology } from './topology.ts';
import { labUp } from './up.ts';

/** A node as it stands. */
export interface NodeStatus {
  readonly node: string;
  readonly role: string;
  readonly netns: string;
  readonly up: boolean;
  readonly links: readonly Pick<LabLink, 'ifname' | 'operstate'>[];
}

/** All that can be done with labs. `lab` is a lab's name and the prefix of its namespaces. */
export interface Lab {
  up(lab: string): Promise<readonly string[]>;
  down(lab: string): Promise<readonly string[]>;
  status(lab: string): Promise<{
    readonly lab: string;
    readonly picture: string;
    readonly nodes: readonly NodeStatus[];
  }>;
  exec(lab: string, node: string, command: readonly string[]): Promise<never>;
}

/** Labs of `topology` on this machine. Several can stand side by side under different names. */
export function createLab(host: LabHost, topology: Topology = EDGE_SITE): Lab {
  return {
    up: (lab) => labUp(host, topology, named(lab)),
    down: (lab) => labDown(host, topology, named(lab)),
    async status(lab) {
      const nodes: NodeStatus[] = [];
      for (const node of topology.nodes)
        nodes.push(await nodeStatus(host, node, `${named(lab)}-${node.name}`));
      return { lab, picture: topology.picture, nodes };
    },
    async exec(lab, node, command) {
      const known = topology.nodes.map((candidate) => candidate.name);
      if (!known.includes(node))
        throw new WeirError('NOT_FOUND', {
          what: 'node',
          name: node,
          hint: didYouMean(node, known) || `, there are ${known.join(', ')}`,
        });
      const netns = await openNode(host, `${named(lab)}-${node}`);
      if (netns === undefined)
        throw new WeirError('LAB', {
          problem: `${lab} is not up: build it with \`weir lab --name ${lab} up\``,
        });
      return host.exec(netns, command);
    },
  };
}

/** A lab's name becomes part of file names below /run/netns. */
function named(lab: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(lab)) return lab;
  const problem = 'use up to 32 letters, digits, dots, dashes and underscores, a letter or digit first';
  throw new WeirError('VALUE', { what: `lab name "${lab}"`, problem });
}

async function nodeStatus(host: LabHost, { name: node, role }: LabNode, netns: string): Promise<NodeStatus> {
  const io = await openNode(host, netns);
  if (io === undefined) return { node, role, netns, up: false, links: [] };
  try {
    const links = [...(await readLinks(io)).values()].filter((link) => link.ifname !== 'lo');
    const shown = links.map(({ ifname, operstate }) => ({ ifname, operstate }));
    return { node, role, netns, up: true, links: shown };
  } finally {
    await io.close();
  }
}

/** Undefined when there is no such namespace. */
async function openNode(host: LabHost, netns: string): Promise<NamespaceIo | undefined> {
  try {
    return await host.namespaces.open(netns);
  } catch (error) {
    if (isWeirError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}
