// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError } from 'commander';
import type { FlowItem, FlowReport } from '../../api/schemas/flows.ts';
import { WeirError } from '../../base/errors.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { isUtf8, type Line, type Paint, paintAscii } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';
import { renderCount } from '../output/units.ts';
import { runFlowsView } from '../top/flows-view.ts';
import { Terminal } from '../top/terminal.ts';

interface Flags {
  readonly netns?: string;
  readonly device?: string;
  readonly limit: number;
  readonly interval: number;
  readonly batch?: boolean;
  readonly frames?: number;
}

/** Flags of `weir top` that make no sense here. */
const DEVICE_FLAGS = ['sort', 'filter'];

/** `weir top flows`: top talkers live. Interval, batch and frames are the flags of `weir top`. */
export function topFlowsCommand(deps: CliDeps): Command {
  const command = new Command('flows').description('watch the flows with most traffic');
  return command
    .option('--netns <name>', "only this namespace ('' for the agent's own)")
    .option('--device <name>', 'only of this device')
    .option('--limit <count>', 'most flows to show', integer(4096), 50)
    .action(() => {
      for (const name of DEVICE_FLAGS)
        if (command.getOptionValueSourceWithGlobals(name) === 'cli')
          throw new WeirError('USAGE', { problem: `top flows has no --${name}` });
      return topFlows(contextOf(deps, command), command.optsWithGlobals<Flags>());
    });
}

function integer(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`it must be a whole number from 1 to ${most}.`);
  };
}

async function topFlows(context: Context, flags: Flags): Promise<void> {
  const { stdin, stdout, env } = context.deps;
  await context.withAgent(async (agent) => {
    const source = () => agent.get<FlowReport>(pathOf(flags));
    if (flags.batch) return batch(context, source, flags.frames ?? Infinity);
    if (!stdin.isTTY || !stdout.isTTY)
      throw new WeirError('USAGE', { problem: 'top needs a terminal; use --batch for files and pipes' });
    const paint = isUtf8(env) ? context.paint : paintAscii(context.paint);
    return runFlowsView(
      source,
      (report) => frameOf(report, paint),
      (handlers) => new Terminal(stdin, stdout, handlers),
    );
  });
}

function pathOf({ netns, device, limit, interval }: Flags): string {
  const seconds = Math.min(Math.ceil(interval), 60);
  const query = new URLSearchParams({ limit: String(limit), seconds: String(seconds) });
  if (netns !== undefined) query.set('netns', netns);
  if (device !== undefined) query.set('device', device);
  return `/v1/flows?${query}`;
}

async function batch(context: Context, source: () => Promise<FlowReport>, frames: number): Promise<void> {
  for (let frame = 0; frame < frames; frame++) {
    const report = await source();
    const text =
      context.output === 'table'
        ? `${frame === 0 ? '' : '\n'}${frameOf(report, context.paint).join('\n')}\n`
        : `${JSON.stringify(report)}\n`;
    await context.out.write(text);
  }
}

function frameOf(report: FlowReport, paint: Paint): readonly string[] {
  const { active, items } = report;
  const title: Line = [
    { text: 'weir top flows', tone: 'strong' },
    { text: `  ${items.length} of ${active} active, estimated from samples`, tone: 'dim' },
  ];
  return [paint(title), ...renderTable(COLUMNS, items, paint).trimEnd().split('\n')];
}

const COLUMNS: readonly Column<FlowItem>[] = [
  { title: 'NETNS', value: ({ netns }) => netns },
  { title: 'DEVICE', value: ({ device }) => device },
  { title: 'DIR', value: ({ direction }) => (direction === 'receive' ? 'rx' : 'tx') },
  { title: 'PROTO', value: ({ protocol }) => protocol },
  { title: 'SOURCE', value: ({ source, sourcePort }) => endText(source, sourcePort) },
  {
    title: 'DESTINATION',
    value: ({ destination, destinationPort }) => endText(destination, destinationPort),
  },
  { title: 'PKT/s', value: ({ packetsPerSecond }) => renderCount(packetsPerSecond), align: 'right' },
  { title: 'BIT/s', value: ({ bytesPerSecond }) => renderCount(bytesPerSecond * 8), align: 'right' },
];

function endText(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
