// SPDX-License-Identifier: Apache-2.0
import { access, constants, lstat } from 'node:fs/promises';
import type { AdviceReport } from '../../api/schemas/advice.ts';
import type { ChangeStatus, PlanReport } from '../../api/schemas/change.ts';
import type { NodeInfo } from '../../api/schemas/node.ts';
import type { ProgramList } from '../../api/schemas/programs.ts';
import type { LinkStatsReport } from '../../api/schemas/stats.ts';
import { isWeirError } from '../../base/errors.ts';
import type { AgentClient } from '../client.ts';
import {
  adviceChecks,
  changeChecks,
  clockCheck,
  mayPassOn,
  offloadChecks,
  offloadDocument,
  programChecks,
} from './agent-health.ts';
import { type Check, failure, ok, warning } from './check.ts';
import { networkChecks } from './network.ts';
import { readNetwork } from './read-network.ts';

const ADVICE_SECONDS = 2;

/** The files that the agent and this program meet at. */
export async function checkFiles(
  socket: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Check[]> {
  const config = env['WEIR_CONFIG'] || '/etc/weir/weir.yaml';
  return [await checkSocket(socket), await checkReadable('settings', config), checkLocale(env)];
}

async function checkSocket(path: string): Promise<Check> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined)
    return failure('socket', `${path} does not exist`, 'start the agent, or use --socket');
  return stat.isSocket() ? ok('socket', path) : failure('socket', `${path} is not a socket`, 'use --socket');
}

async function checkReadable(name: string, path: string): Promise<Check> {
  try {
    await access(path, constants.R_OK);
    return ok(name, path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return missing
      ? ok(name, `${path} is absent: defaults apply`)
      : warning(name, `${path} cannot be read`, 'be root, or a member of the group weir');
  }
}

function checkLocale(env: Readonly<Record<string, string | undefined>>): Check {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const utf8 = /utf-?8/i.test(locale);
  return ok('locale', utf8 ? locale : `${locale || 'none'}: top draws with ASCII; set LANG=C.UTF-8 for more`);
}

/** What the agent says of itself and of its node; one failed check when it does not answer. */
export async function checkAgent(agent: AgentClient): Promise<readonly Check[]> {
  const node = await asked('agent', async () => {
    const info = await agent.get<NodeInfo>('/v1/node');
    return { info, checks: nodeChecks(info) };
  });
  if (!('info' in node)) return node.checks;
  const { info } = node;
  const parts = [
    () => clock(agent, info),
    ...info.namespaces.map(
      ({ name }) =>
        () =>
          network(agent, name),
    ),
    async () => changeChecks(await agent.get<ChangeStatus>('/v1/change')),
    // looking at programs starts the engine, which an agent that only observes does without
    async () =>
      info.agent.mode === 'observe' ? [] : programChecks(await agent.get<ProgramList>('/v1/programs')),
    async () => adviceChecks(await agent.get<AdviceReport>('/v1/tuning/advice', { seconds: ADVICE_SECONDS })),
  ];
  const found: Check[] = [...node.checks];
  for (const part of parts)
    found.push(...(await asked('agent', async () => ({ checks: await part() }))).checks);
  return [...found, ...featureChecks(info)];
}

/** What an agent cannot answer, or is too old for, is a check of its own. */
async function asked<T extends { readonly checks: readonly Check[] }>(
  name: string,
  ask: () => Promise<T>,
): Promise<T | { readonly checks: readonly Check[] }> {
  try {
    return await ask();
  } catch (error) {
    if (!isWeirError(error)) throw error;
    const known = error.code === 'AGENT_UNREACHABLE' ? failure : warning;
    return { checks: [known(name, error.message)] };
  }
}

async function clock(agent: AgentClient, info: NodeInfo): Promise<readonly Check[]> {
  const before = Date.now();
  const { timestamp } = await agent.get<LinkStatsReport>('/v1/stats/links');
  return [clockCheck(info, timestamp, before, Date.now())];
}

async function network(agent: AgentClient, netns: string): Promise<readonly Check[]> {
  const state = await readNetwork(agent, netns);
  const devices = netns === '' ? mayPassOn(state.links) : [];
  const offloads =
    devices.length === 0
      ? []
      : offloadChecks(
          await agent.post<PlanReport>('/v1/plan', { documents: [offloadDocument(devices)] }),
          state.links,
        );
  return [...networkChecks(state), ...offloads];
}

/** The checks that follow from what an agent reported. */
export function nodeChecks(info: NodeInfo): readonly Check[] {
  const { missing } = info.rights;
  const waiting = info.namespaces
    .filter((namespace) => !namespace.synchronised)
    .map((one) => one.name || '(own)');
  return [
    ok('agent', `weir ${info.agent.version} answers, pid ${info.agent.pid}`),
    missing.length === 0
      ? ok('rights', 'all that Weir uses')
      : warning('rights', `missing ${missing.join(', ')}`, 'run the agent as root or grant them in its unit'),
    waiting.length === 0
      ? ok('namespaces', `${info.namespaces.length} watched, all synchronised`)
      : warning('namespaces', `still reading ${waiting.join(', ')}`),
  ];
}

/** What the kernel lacks, and what does not work for it. */
export function featureChecks(info: NodeInfo): readonly Check[] {
  return [
    ...info.features.map(({ name, supported, reason }) =>
      supported ? ok(`kernel: ${name}`, 'supported') : warning(`kernel: ${name}`, reason ?? 'not supported'),
    ),
    ...info.degraded.map((reason) => warning('degraded', reason)),
  ];
}
