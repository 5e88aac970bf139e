// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError } from 'commander';
import type { AdviceItem, AdviceReport } from '../../api/schemas/advice.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import type { Line, Paint, Tone } from '../output/style.ts';

const WEIGHTS: Readonly<Record<number, { readonly text: string; readonly tone: Tone }>> = {
  3: { text: 'lost', tone: 'bad' },
  2: { text: 'soon', tone: 'warn' },
  1: { text: 'idea', tone: 'accent' },
};

interface AdviseFlags {
  readonly seconds: number;
  readonly netns?: string;
}

/** `weir tune advise`: what would make the node better. */
export function adviseCommand(deps: CliDeps): Command {
  const command = new Command('advise').description('what would make the node better, with its evidence');
  return command
    .option('--seconds <n>', 'how long to look, 1 to 30', seconds, 5)
    .option('--netns <name>', 'of one network namespace; of all that are watched when absent')
    .action(async ({ seconds, netns }: AdviseFlags) => {
      const context = contextOf(deps, command);
      await context.withAgent(async (agent) => {
        const query = { seconds, ...(netns !== undefined && { netns }) };
        const report = await agent.get<AdviceReport>('/v1/tuning/advice', query);
        await context.document(report, () => adviceText(report, context.paint));
      });
    });
}

function seconds(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 30) return Number(text);
  throw new InvalidArgumentError('it looks for 1 to 30 seconds.');
}

/** Advice for people. */
export function adviceText({ items, seconds }: AdviceReport, paint: Paint): string {
  if (items.length === 0) return `Nothing to advise after ${seconds.toFixed(0)} s.\n`;
  return items
    .map((item) =>
      linesOf(item)
        .map((line) => `${paint(line)}\n`)
        .join(''),
    )
    .join('\n');
}

function linesOf(item: AdviceItem): readonly Line[] {
  const weight = WEIGHTS[item.weight] ?? { text: '', tone: 'plain' };
  const field = (name: string, text: string): Line => [
    { text: `  ${name.padEnd(9)}`, tone: 'dim' },
    { text },
  ];
  return [
    [weight, { text: '  ' }, { text: item.id, tone: 'strong' }, { text: `  ${item.summary}` }],
    ...item.evidence.map(({ what, value, unit }, i) =>
      field(i === 0 ? 'evidence' : '', `${what}: ${number(value)}${unit === undefined ? '' : ` ${unit}`}`),
    ),
    ...item.settings.map((one, i) => field(i === 0 ? 'change' : '', settingText(one))),
    ...(item.manual === undefined ? [] : [field('by hand', item.manual)]),
    field('expected', item.expected),
    field('risk', item.risk),
    ...(item.settings.length > 0 ? [field('try', `weir tune try ${item.id} --metric ${item.metric}`)] : []),
  ];
}

function settingText({ name, current, proposed, handSet, writable }: AdviceItem['settings'][number]): string {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const whose =
    { true: ' (set by hand)', unknown: ' (perhaps set by hand)', false: '' }[String(handSet)] ?? '';
  const where = writable ? '' : ' (not writable in this namespace)';
  return `${name}: ${text(current)}${whose} -> ${text(proposed)}${where}`;
}

function number(value: number | string): string {
  if (typeof value === 'string' || Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
