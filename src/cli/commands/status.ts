// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import type { ChangeStatus } from '../../api/schemas/change.ts';
import type { NodeInfo } from '../../api/schemas/node.ts';
import { isWeirError } from '../../base/errors.ts';
import { clockOf } from '../change/report.ts';
import type { AgentClient } from '../client.ts';
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
      const change = await changeOf(agent);
      const text = () => statusText(node, change, Date.now(), context.paint);
      await context.document({ ...node, ...(typeof change !== 'string' && { change }) }, text);
    });
  });
}

/** Why the agent cannot tell is no reason to tell nothing else. */
async function changeOf(agent: AgentClient): Promise<ChangeStatus | string> {
  return agent.get<ChangeStatus>('/v1/change').catch((error: unknown) => {
    if (!isWeirError(error) || error.code === 'AGENT_UNREACHABLE') throw error;
    return error.message;
  });
}

function statusText(info: NodeInfo, change: ChangeStatus | string, now: number, paint: Paint): string {
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
      ...changeFields(change),
      ...info.listeners.map((listener) => ['listens', `${listener.address} (${listener.access})`] as const),
      ...info.degraded.map((reason) => ['degraded', { text: printable(reason), tone: 'warn' }] as const),
    ],
    paint,
  );
}

function changeFields(status: ChangeStatus | string): readonly (readonly [string, Span | string])[] {
  if (typeof status === 'string') return [['change', { text: printable(status), tone: 'warn' }]];
  const { revision, state, holder, deadline, owned, drift, problem } = status;
  const who = holder === undefined ? '' : ` by ${printable(holder)}`;
  const until = deadline === undefined ? '' : `, undone at ${clockOf(deadline)} unless confirmed`;
  const warn = (text: string): Span => ({ text, tone: 'warn' });
  return [
    ['revision', revision === 0 ? 'none: nothing is declared' : `${revision}, with ${owned} objects`],
    ...(state === 'idle' ? [] : [['change', warn(`${state}${who}${until}`)] as const]),
    ...drift.map(({ id, policy }) => ['drift', warn(`${printable(id)} (${policy})`)] as const),
    ...(problem === undefined ? [] : [['problem', { text: printable(problem), tone: 'bad' }] as const]),
  ];
}
