// SPDX-License-Identifier: Apache-2.0
import { Argument, Command, InvalidArgumentError } from 'commander';
import type { RevisionDetail, RevisionPage, RevisionSummary } from '../../api/schemas/change.ts';
import { revisionNumber } from '../change/options.ts';
import type { AgentClient } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import type { Paint, Tone } from '../output/style.ts';
import { type Column, renderFields, renderTable } from '../output/table.ts';
import { printable } from '../output/text.ts';

const TONES: Readonly<Record<RevisionSummary['state'], Tone>> = {
  applying: 'warn',
  unconfirmed: 'warn',
  confirmed: 'good',
  'rolled-back': 'dim',
  'rollback-failed': 'bad',
};

const COLUMNS: readonly Column<RevisionSummary>[] = [
  { title: 'REVISION', value: ({ revision, current }) => `${revision}${current ? ' *' : ''}` },
  { title: 'STATE', value: ({ state }) => state, tone: ({ state }) => TONES[state] },
  { title: 'TIME', value: ({ time }) => timeText(time) },
  { title: 'WHO', value: ({ who }) => who },
  { title: 'CHANGES', value: ({ counts }) => countsText(counts) },
  { title: 'REASON', value: ({ reason, restores, error }) => error ?? reason ?? restoresText(restores) },
];

/** `weir history`: who changed what, when and why. */
export function historyCommand(deps: CliDeps): Command {
  const command = new Command('history').description('list the revisions, or show one');
  return command
    .addArgument(new Argument('[revision]', 'show this one').argParser(revisionNumber))
    .option('-n, --limit <count>', 'list so many', count, 20)
    .action(async (revision: number | undefined, { limit }: { readonly limit: number }) => {
      const context = contextOf(deps, command);
      await context.withAgent((agent) =>
        revision === undefined ? list(context, agent, limit) : show(context, agent, revision),
      );
    });
}

async function list(context: Context, agent: AgentClient, limit: number): Promise<void> {
  const { items } = await agent.get<RevisionPage>('/v1/revisions', { limit });
  await context.document(items, () => renderTable(COLUMNS, items, context.paint));
}

async function show(context: Context, agent: AgentClient, revision: number): Promise<void> {
  const detail = await agent.get<RevisionDetail>(`/v1/revisions/${revision}`);
  await context.document(detail, () => detailText(detail, context.paint));
}

function detailText(detail: RevisionDetail, paint: Paint): string {
  const { revision, current, state, time, who, reason, confirmedBy, deadline, restores, error } = detail;
  const given: readonly (readonly [name: string, value: string | undefined])[] = [
    ['time', timeText(time)],
    ['who', who],
    ['reason', reason],
    ['confirmed by', confirmedBy],
    ['deadline', deadline && timeText(deadline)],
    ['restores', restores === undefined ? undefined : `revision ${restores}`],
    ['error', error],
    ['documents', detail.documents.join(', ')],
  ];
  const fields = given.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, printable(value)] as const],
  );
  const head = ['revision', { text: `${revision}${current ? ' (current)' : ''}`, tone: 'strong' }] as const;
  const how = ['state', { text: state, tone: TONES[state] }] as const;
  return `${renderFields([head, how, ...fields], paint)}\n${detail.diff}`;
}

/** `+3 ~1 -2`, as in a plan. */
function countsText({ create, change, replace, remove, adopt }: RevisionSummary['counts']): string {
  const parts = { '+': create, '~': change, '-/+': replace, '-': remove, '=': adopt };
  const some = Object.entries(parts).filter(([, number]) => number > 0);
  return some.map(([sign, number]) => `${sign}${number}`).join(' ');
}

function restoresText(revision: number | undefined): string | undefined {
  return revision === undefined ? undefined : `back to revision ${revision}`;
}

/** `2026-01-31 13:05:59`, in the reader's time zone. */
function timeText(time: string): string {
  return new Date(time).toLocaleString('sv-SE');
}

function count(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 1000) return value;
  throw new InvalidArgumentError('count must be a number from 1 to 1000.');
}
