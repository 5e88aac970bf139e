// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { NodeInfo } from '../../api/schemas/node.ts';
import type { LinkStatsReport } from '../../api/schemas/stats.ts';
import { WeirError } from '../../base/errors.ts';
import type { AgentClient } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { isUtf8, type Paint, paintAscii } from '../output/style.ts';
import { renderFrame } from '../top/frame.ts';
import { runLive, type TopSource } from '../top/live.ts';
import { SORT_NAMES, SORT_ORDERS } from '../top/sort.ts';
import { initialState, shownDevices, type TopOptions, type TopState, withReport } from '../top/state.ts';
import { Terminal } from '../top/terminal.ts';
import { topFlowsCommand } from './top-flows.ts';

interface TopFlags {
  readonly interval: number;
  readonly sort: string;
  readonly filter?: string;
  readonly batch?: boolean;
  readonly frames?: number;
}

/** Columns of a frame that goes to a file or a pipe: room for every column. */
const BATCH_WIDTH = 160;

/** `weir top`: devices live, busiest first. */
export function topCommand(deps: CliDeps): Command {
  const command = new Command('top').description('watch rates, drops, errors and queues of every device');
  return command
    .addCommand(topFlowsCommand(deps))
    .option('--interval <seconds>', 'pause between samples', positive('seconds', 3600), 1)
    .addOption(new Option('--sort <order>', 'order of the list').choices(SORT_NAMES).default('rate'))
    .option('--filter <text>', 'only devices with this in their name, namespace or kind')
    .option('--batch', 'print frames one after the other, for files and pipes')
    .option('-n, --frames <count>', 'end after so many frames (with --batch)', positive('count', 1e9))
    .action((flags: TopFlags) => top(contextOf(deps, command), flags));
}

function positive(what: string, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`${what} must be a number above 0 and at most ${most}.`);
  };
}

async function top(context: Context, flags: TopFlags): Promise<void> {
  const state = initialState(optionsOf(flags));
  const { stdin, stdout } = context.deps;
  await context.withAgent(async (agent) => {
    const source = sourceOf(agent);
    if (flags.batch) return batch(context, state, source, flags.frames ?? Infinity);
    if (!stdin.isTTY || !stdout.isTTY)
      throw new WeirError('USAGE', { problem: 'top needs a terminal; use --batch for files and pipes' });
    const paint = paintFor(context);
    return runLive({
      state,
      source,
      paint,
      terminal: (handlers) => new Terminal(stdin, stdout, handlers),
    });
  });
}

function optionsOf({ interval, sort, filter }: TopFlags): TopOptions {
  const order = SORT_ORDERS.find((candidate) => candidate.name === sort);
  return {
    intervalSeconds: interval,
    ...(order === undefined ? {} : { order }),
    ...(filter === undefined ? {} : { filter }),
  };
}

function paintFor({ paint, deps }: Context): Paint {
  return isUtf8(deps.env) ? paint : paintAscii(paint);
}

function sourceOf(agent: AgentClient): TopSource {
  return async () => {
    const report = await agent.get<LinkStatsReport>('/v1/stats/links');
    const info = await agent.get<NodeInfo>('/v1/node');
    const uptimeSeconds = (report.timestamp - info.agent.started) / 1000;
    return { report, node: { hostname: info.node, uptimeSeconds } };
  };
}

/** The first sample only sets the ground: every frame that is printed has rates. */
async function batch(context: Context, ground: TopState, source: TopSource, frames: number): Promise<void> {
  let state = await sampled(ground, source);
  for (let frame = 0; frame < frames; frame++) {
    await sleep(state.intervalSeconds * 1000);
    state = await sampled(state, source);
    await context.out.write(batchFrame(context, state, frame));
  }
}

async function sampled(state: TopState, source: TopSource): Promise<TopState> {
  const { report, node } = await source();
  return withReport(state, report, node);
}

function batchFrame(context: Context, state: TopState, frame: number): string {
  if (context.output !== 'table') {
    const { timestamp } = state.report ?? {};
    return `${JSON.stringify({ timestamp, devices: shownDevices(state) })}\n`;
  }
  const width = context.deps.stdout.columns ?? BATCH_WIDTH;
  const lines = renderFrame(state, { width }).map(paintFor(context));
  return `${frame === 0 ? '' : '\n'}${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
