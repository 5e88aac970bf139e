// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import type { NodeInfo } from '../../api/schemas/node.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import type { Paint, Span } from '../output/style.ts';
import { renderFields } from '../output/table.ts';
import { printable } from '../output/text.ts';
import { renderDuration } from '../output/units.ts';

/** `weir status`: the agent, the node and what it watches. */
export function statusCommand(deps: CliDeps): Command {
  const command = new Command('status').description('say how the agent is doing');
  return command.action(async () => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const node = await agent.get<NodeInfo>('/v1/node');
      await context.document(node, () => statusText(node, Date.now(), context.paint));
    });
  });
}

function statusText(info: NodeInfo, now: number, paint: Paint): string {
  const { agent, kernel, namespaces } = info;
  const waiting = namespaces.filter((namespace) => !namespace.synchronised).length;
  const state: Span =
    waiting === 0 ? { text: 'ready', tone: 'good' } : { text: `reading ${waiting} namespaces`, tone: 'warn' };
  const devices = namespaces.reduce((sum, namespace) => sum + namespace.links, 0);
  return renderFields(
    [
      ['node', printable(info.node)],
      ['state', state],
      [
        'agent',
        `weir ${agent.version}, pid ${agent.pid}, up ${renderDuration((now - agent.started) / 1000)}`,
      ],
      ['mode', agent.mode],
      ['kernel', `${kernel.release} ${kernel.machine}`],
      ['namespaces', `${namespaces.length}, with ${devices} devices`],
      ...info.listeners.map((listener) => ['listens', `${listener.address} (${listener.access})`] as const),
      ...info.degraded.map((reason) => ['degraded', { text: printable(reason), tone: 'warn' }] as const),
    ],
    paint,
  );
}
