// SPDX-License-Identifier: Apache-2.0
// A node with three workloads, a to c, and agents that keep policy there.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import { type AgentProcess, agentProcess, scratch } from './agent-process.ts';
import { bpffs } from './bpffs.ts';
import { ask } from './change-client.ts';
import { MEMBERS } from './policy-probing.ts';
import { type PolicyStar, policyStar } from './policy-star.ts';
import { WEIR } from './weir.ts';

export const AT_ONCE = { confirmSeconds: 0, probes: ['none'] };

export interface PolicyAgentNode extends AsyncDisposable {
  readonly star: PolicyStar;
  readonly pins: string;
  readonly directory: string;
  agent(args?: readonly string[]): Promise<AgentProcess>;
}

export async function policyAgentNode(): Promise<PolicyAgentNode> {
  const star = await policyStar(MEMBERS);
  const pins = bpffs();
  const directory = scratch();
  const { peer } = star.member('b');
  await Promise.all([peer.serve('TCP', 80), peer.serve('TCP', 81)]);
  return {
    star,
    pins: pins.path,
    directory,
    agent: (args = []) =>
      agentProcess({
        netns: star.hub.name,
        directory,
        args: ['--pin-dir', pins.path, '--set', 'telemetry.disable=all', ...args],
      }),
    async [Symbol.asyncDispose]() {
      await star[Symbol.asyncDispose]();
      pins[Symbol.dispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function endpoints({ members }: PolicyStar): readonly object[] {
  return [...members].map(([name, { device, addresses }]) => ({
    apiVersion: 'weir.dev/v1',
    kind: 'Endpoint',
    metadata: { name, namespace: 'x', labels: { pod: name } },
    spec: { devices: [device], addresses },
  }));
}

export function onlyFrom(pod: string, port = 80): object {
  return policyOf('b', pod, port);
}

/** Lets one pod reach one port of another. */
export function policyOf(to: string, from: string, port: number): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: to, namespace: 'x' },
    spec: {
      podSelector: { matchLabels: { pod: to } },
      ingress: [{ from: [{ podSelector: { matchLabels: { pod: from } } }], ports: [{ port }] }],
    },
  };
}

export function weir(agent: AgentProcess, ...args: readonly string[]) {
  const [program = '', main = ''] = WEIR;
  const run = spawnSync(program, [main, '--socket', agent.to.socketPath, ...args], { encoding: 'utf8' });
  return { status: run.status, out: run.stdout, err: run.stderr };
}

export async function get<T>(agent: AgentProcess, path: string): Promise<T> {
  const { status, body } = await ask(agent.to.socketPath, 'GET', path);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as T;
}
