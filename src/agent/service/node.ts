// SPDX-License-Identifier: Apache-2.0
import os from 'node:os';
import process from 'node:process';
import type { FeatureInfo, NamespaceInfo, NodeInfo } from '../../api/schemas/node.ts';
import type { NamespaceProblem, ObservedNamespace } from '../../observe/namespace-set.ts';
import { probeFeatures } from './features.ts';
import { readRights } from './rights.ts';

/** What of the node's description the agent knows, and the kernel does not. */
export interface AgentFacts {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly listeners: () => NodeInfo['listeners'];
  /** Whether the engine runs. */
  readonly mode: () => NodeInfo['agent']['mode'];
  /** What of eBPF the kernel has. What is lost without it stands in `degraded`. */
  readonly features: () => readonly FeatureInfo[];
  /** One sentence for each thing that did not work out at the start. */
  readonly degraded: () => readonly string[];
}

/** Describe this node. `own` is the agent's own namespace. */
export async function describeNode(
  facts: AgentFacts,
  own: ObservedNamespace,
  namespaces: readonly ObservedNamespace[],
  problems: readonly NamespaceProblem[],
): Promise<NodeInfo> {
  const { capabilities, missing, degraded } = await readRights(own.io.proc);
  const features = await probeFeatures(own.io);
  return {
    node: os.hostname(),
    agent: { version: facts.version, pid: process.pid, started: facts.started, mode: facts.mode() },
    kernel: { release: os.release(), version: os.version(), machine: os.machine() },
    listeners: facts.listeners(),
    rights: { uid: process.getuid?.() ?? -1, capabilities, missing },
    features: [...features, ...facts.features()],
    degraded: [
      ...facts.degraded(),
      ...degraded,
      ...features.flatMap(({ name, reason }) => (reason === undefined ? [] : [`no ${name}: ${reason}`])),
      ...problems.map(({ name, problem }) => `the namespace "${name}" is not watched: ${problem}`),
    ],
    namespaces: namespaces.map(describeNamespace),
  };
}

/** A namespace and how well it is followed. */
export function describeNamespace({ name, inode, snapshot }: ObservedNamespace): NamespaceInfo {
  const { current, overruns } = snapshot.status();
  const links = snapshot.links().length;
  return { name, inode, links, synchronised: current, resynchronisations: overruns };
}
