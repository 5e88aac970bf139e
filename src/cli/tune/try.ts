// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { parseAllDocuments } from 'yaml';
import type { TrialList, TrialReport } from '../../api/schemas/advice.ts';
import { WeirError } from '../../base/errors.ts';
import { readDocuments } from '../change/files.ts';
import type { AgentClient } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { EXIT, ExitWith } from '../exit.ts';
import { renderTable } from '../output/table.ts';
import { TRIAL_COLUMNS, trialText } from './trial-text.ts';

const PATH = '/v1/tuning/trials';
const RUNNING: readonly string[] = ['before', 'applying', 'settling', 'after'];

interface TryFlags {
  readonly for: number;
  readonly metric?: string;
  readonly override?: boolean;
  readonly file?: readonly string[];
  readonly netns?: string;
  readonly detach?: boolean;
}

const append = (value: string, before: readonly string[] = []) => [...before, value];

/** `weir tune try ID`: follow advice, and keep it only if it helps. */
export function tryCommand(deps: CliDeps): Command {
  const command = new Command('try').description(
    'measure, change, measure again; keep the change only if it helped',
  );
  command
    .argument('[advice]', 'id of advice, as `weir tune advise` shows it')
    .option('-f, --file <file>', 'try these documents instead; may be repeated', append)
    .option('--for <time>', 'how long to measure, half before and half after: 60s, 5m', duration, 300)
    .option(
      '--metric <name>',
      'what must get better: retransmits, throughput:eth0, ... (default: of the advice)',
    )
    .option('--override', 'also change what somebody else has set, or may have')
    .option('--netns <name>', 'where to measure, with -f')
    .option('--detach', 'do not wait for the end');
  return command.action(async (advice: string | undefined, flags: TryFlags) => {
    const context = contextOf(deps, command);
    const request = await requestOf(deps, advice, flags);
    await context.withAgent(async (agent) => {
      const started = await agent.post<TrialReport>(PATH, request);
      const report = flags.detach ? started : await followed(context, agent, started);
      await context.document(report, () => trialText(report, context.paint));
      if (report.state === 'rolled-back') throw new ExitWith(EXIT.rolledBack);
      if (!flags.detach && report.state !== 'kept') throw new ExitWith(EXIT.error);
    });
  });
}

/** `weir tune trials [ID]`. */
export function trialsCommand(deps: CliDeps): Command {
  const command = new Command('trials').description('trials, or one with its numbers');
  return command.argument('[trial]', 'its number', trialNumber).action(async (id: number | undefined) => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      if (id !== undefined) {
        const report = await agent.get<TrialReport>(`${PATH}/${id}`);
        return context.document(report, () => trialText(report, context.paint));
      }
      const list = await agent.get<TrialList>(PATH);
      await context.document(list, () => renderTable(TRIAL_COLUMNS, list.items, context.paint));
    });
  });
}

/** `weir tune stop ID`. */
export function stopCommand(deps: CliDeps): Command {
  const command = new Command('stop').description('end a trial, and undo what it changed');
  return command.argument('<trial>', 'its number', trialNumber).action(async (id: number) => {
    const context = contextOf(deps, command);
    await context.withAgent(async (agent) => {
      const report = await agent.delete<TrialReport>(`${PATH}/${id}`);
      await context.document(report, () => trialText(report, context.paint));
    });
  });
}

async function requestOf(deps: CliDeps, advice: string | undefined, flags: TryFlags): Promise<object> {
  const { file, metric, override, netns } = flags;
  if ((advice === undefined) === (file === undefined))
    throw new WeirError('USAGE', { problem: 'name advice, or documents with -f' });
  const files = file === undefined ? [] : await readDocuments(file, deps.stdin);
  const documents = files.flatMap(({ text }) => parseAllDocuments(text).map((one) => one.toJS() as unknown));
  return {
    seconds: flags.for,
    ...(advice !== undefined ? { advice } : { documents: documents.filter((one) => one !== null) }),
    ...(metric !== undefined && { metric }),
    ...(override && { override }),
    ...(netns !== undefined && { netns }),
  };
}

/** Wait for the end. The trial is the agent's: it goes on should this end first. */
async function followed(context: Context, agent: AgentClient, started: TrialReport): Promise<TrialReport> {
  const { stderr } = context.deps;
  const shows = context.output === 'table' && context.deps.stdout.isTTY === true;
  let report = started;
  while (RUNNING.includes(report.state)) {
    if (shows)
      stderr.write(
        `\r\u001b[KTrial ${report.id}: ${report.state}, ${Math.round(report.progress * 100)} % (^C leaves it running)`,
      );
    await sleep(1000);
    report = await agent.get<TrialReport>(`${PATH}/${report.id}`);
  }
  if (shows) stderr.write('\r\u001b[K');
  return report;
}

function duration(text: string): number {
  const [, digits, unit = 's'] = /^(\d{1,4})([sm]?)$/.exec(text) ?? [];
  const value = Number(digits) * (unit === 'm' ? 60 : 1);
  if (value >= 16 && value <= 3600) return value;
  throw new InvalidArgumentError('a trial takes 16s to 60m.');
}

function trialNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a trial is a number, as `weir tune trials` shows it.');
}
