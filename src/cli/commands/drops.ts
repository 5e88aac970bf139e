// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { DropReport } from '../../api/schemas/drops.ts';
import { isWeirError, messageOf, WeirError } from '../../base/errors.ts';
import type { AgentClient, Query } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { growthColumns, TOTAL_COLUMNS } from '../drops/columns.ts';
import { type DropGrowth, dropGrowth } from '../drops/growth.ts';
import { runDropsLive } from '../drops/live.ts';
import { renderYaml } from '../output/list.ts';
import { isUtf8, paintAscii } from '../output/style.ts';
import { renderTable, TableWriter } from '../output/table.ts';
import { Terminal } from '../top/terminal.ts';

interface DropsFlags {
  readonly once?: boolean;
  readonly count?: number;
  readonly interval: number;
  readonly netns?: string;
  readonly device?: string;
  readonly reason?: string;
  readonly write?: string;
}

const PCAPNG = 'application/x-pcapng';
const STANDARD_OUTPUT = '-';

/** `weir drops`: why packets are lost. */
export function dropsCommand(deps: CliDeps): Command {
  const command = new Command('drops').description('watch which packets the kernel drops, and why');
  return command
    .option('--once', 'print the totals since the counters began, and end')
    .option(
      '-n, --count <count>',
      'print what is new line by line, and end after so many looks',
      positive(1e9),
    )
    .option('--interval <seconds>', 'pause between looks', positive(3600), 1)
    .option('--netns <netns>', 'only in this network namespace')
    .option('--device <device>', 'only of this device')
    .option('--reason <reason>', 'only for this reason, or several with commas: NO_SOCKET,NETFILTER_DROP')
    .addOption(
      new Option(
        '-w, --write <file>',
        'write the last dropped packets as pcapng, each with its reason as comment (- is standard output)',
      ).conflicts(['once', 'count']),
    )
    .action((flags: DropsFlags) => drops(contextOf(deps, command), flags));
}

function positive(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`It must be a number above 0 and at most ${most}.`);
  };
}

async function drops(context: Context, flags: DropsFlags): Promise<void> {
  const { netns, device, reason, interval } = flags;
  const query = { netns, device, reason: reason?.toUpperCase() };
  const { stdin, stdout } = context.deps;
  await context.withAgent(async (agent) => {
    if (flags.write !== undefined) return writeCapture(context, agent, query, flags.write);
    const read = () => agent.get<DropReport>('/v1/drops', query);
    if (flags.once) return once(context, await read());
    const isLive = flags.count === undefined && context.output === 'table' && stdin.isTTY && stdout.isTTY;
    if (!isLive) return lines(context, read, flags);
    const paint = isUtf8(context.deps.env) ? context.paint : paintAscii(context.paint);
    const terminal = (handlers: ConstructorParameters<typeof Terminal>[2]) =>
      new Terminal(stdin, stdout, handlers);
    return runDropsLive({ read, intervalSeconds: interval, paint, terminal });
  });
}

function once(context: Context, report: DropReport): Promise<void> {
  const table = () => {
    const lost = report.lost === 0 ? '' : `${report.lost} packets are of kinds that are not listed\n`;
    return renderTable(TOTAL_COLUMNS, report.items, context.paint) + lost;
  };
  return context.document(report, table);
}

/** What is new at each look, for pipes and files. The first look only sets the ground. */
async function lines(
  { out, output, paint }: Context,
  read: () => Promise<DropReport>,
  { count = Infinity, interval }: DropsFlags,
): Promise<void> {
  let time = '';
  const table = new TableWriter<DropGrowth>(
    growthColumns(() => time),
    paint,
  );
  let before = await read();
  for (let look = 0; look < count; look++) {
    await sleep(interval * 1000);
    const now = await read();
    const grown = dropGrowth(before, now).filter((row) => row.grown > 0);
    time = new Date(now.timestamp).toISOString().slice(11, 19);
    if (grown.length > 0) {
      const rows = grown.map((row) => ({ timestamp: now.timestamp, ...row }));
      if (output === 'table') await out.write(table.page(grown));
      else if (output === 'yaml') await out.write(renderYaml(rows));
      else await out.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    }
    before = now;
  }
}

/** The packets' bytes are nobody else's business: only the owner can read the file. */
async function writeCapture(context: Context, agent: AgentClient, query: Query, file: string): Promise<void> {
  const { out, deps } = context;
  if (file === STANDARD_OUTPUT && deps.stdout.isTTY)
    throw new WeirError('USAGE', { problem: 'a capture file does not belong on a terminal; name a file' });
  const parts = agent.bytes('/v1/drops/packets', PCAPNG, query);
  if (file === STANDARD_OUTPUT) {
    for await (const part of parts) await out.write(part);
    return;
  }
  // what the agent refuses leaves no file behind
  const first = await parts.next();
  await writeFile(file, joined(first, parts), { mode: 0o600 }).catch((error: unknown) => {
    throw isWeirError(error) ? error : new WeirError('FILE', { path: file, problem: messageOf(error) });
  });
}

async function* joined(
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (!first.done) yield first.value;
  yield* rest;
}
