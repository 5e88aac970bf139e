// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { ProgramList } from '../../api/schemas/programs.ts';
import { WeirError } from '../../base/errors.ts';
import type { AgentClient } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { isUtf8, paintAscii } from '../output/style.ts';
import { type Cost, costsBetween, costText } from '../programs/top.ts';
import { runFlowsView } from '../top/flows-view.ts';
import { Terminal } from '../top/terminal.ts';

interface Flags {
  readonly interval: number;
  readonly batch?: boolean;
  readonly frames?: number;
}

/** `weir program top`: what programs cost, live. */
export function programTopCommand(deps: CliDeps): Command {
  const command = new Command('top').description(
    'watch run count, run time and cost per packet of programs; measuring costs each run 20 to 30 ns',
  );
  return command
    .option('--interval <seconds>', 'time that rates are the mean of', above(5), 1)
    .option('--batch', 'print tables one after the other, for files and pipes')
    .option('-n, --frames <count>', 'end after so many tables (with --batch)', above(1e9))
    .action((flags: Flags) => top(contextOf(deps, command), flags));
}

function above(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`it must be a number above 0 and at most ${most}.`);
  };
}

async function top(context: Context, flags: Flags): Promise<void> {
  const { stdin, stdout, env } = context.deps;
  await context.withAgent(async (agent) => {
    const source = await costSource(agent, flags.interval * 1000);
    if (flags.batch) return batch(context, source, flags.frames ?? Infinity);
    if (!stdin.isTTY || !stdout.isTTY)
      throw new WeirError('USAGE', { problem: 'top needs a terminal; use --batch for files and pipes' });
    const paint = isUtf8(env) ? context.paint : paintAscii(context.paint);
    return runFlowsView(
      source,
      (costs) => costText(costs, paint).split('\n'),
      (handlers) => new Terminal(stdin, stdout, handlers),
    );
  });
}

/** Each reading is of the time since the one before. */
async function costSource(agent: AgentClient, pause: number): Promise<() => Promise<readonly Cost[]>> {
  const read = () => agent.get<ProgramList>('/v1/programs', { measure: 'true' });
  let before = await read();
  return async () => {
    await sleep(pause);
    const now = await read();
    const costs = costsBetween(before, now);
    before = now;
    return costs;
  };
}

async function batch(
  context: Context,
  source: () => Promise<readonly Cost[]>,
  frames: number,
): Promise<void> {
  for (let frame = 0; frame < frames; frame++) {
    const costs = await source();
    await context.document(costs, () => `${frame === 0 ? '' : '\n'}${costText(costs, context.paint)}`);
  }
}
