// SPDX-License-Identifier: Apache-2.0
import type { ForeignProgram, ProgramList, ProgramReport } from '../../api/schemas/programs.ts';
import type { Paint, Tone } from '../output/style.ts';
import { type Column, renderFields, renderTable } from '../output/table.ts';
import { renderBytes } from '../output/units.ts';

type Attachment = ProgramReport['attachments'][number];

/** An attachment with the program that it is of. */
interface Row {
  readonly of: ProgramReport;
  readonly attachment: Attachment | undefined;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'PROGRAM', value: ({ of }) => of.name, tone: () => 'strong' },
  { title: 'NETNS', value: ({ of }) => of.netns },
  { title: 'FUNCTION', value: ({ attachment }) => attachment?.program },
  { title: 'HOOK', value: ({ attachment }) => attachment?.hook },
  { title: 'ON', value: ({ attachment }) => attachment?.target },
  { title: 'PLACE', value: ({ attachment }) => placeText(attachment) },
  { title: 'STATE', value: stateText, tone: stateTone },
  { title: 'DIGEST', value: ({ of }) => of.digest?.slice(0, 19) },
];

const FOREIGN: readonly Column<ForeignProgram>[] = [
  { title: 'ID', value: ({ id }) => id, align: 'right' },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'NETNS', value: ({ netns }) => netns },
  { title: 'HOOK', value: ({ hook }) => hook },
  { title: 'ON', value: ({ dev }) => dev },
  { title: 'PLACE', value: ({ hook, position }) => (hook === 'xdp' ? undefined : position) },
];

const FUNCTIONS: readonly Column<ProgramReport['functions'][number]>[] = [
  { title: 'FUNCTION', value: ({ name }) => name },
  { title: 'ID', value: ({ id }) => id, align: 'right' },
  { title: 'TAG', value: ({ tag }) => tag },
  { title: 'VERIFIED', value: ({ instructions }) => instructions || undefined, align: 'right' },
  { title: 'RUNS', value: ({ runs }) => runs, align: 'right' },
  { title: 'NS/RUN', value: ({ runs, nanoseconds }) => perRun(runs, nanoseconds), align: 'right' },
];

const MAPS: readonly Column<ProgramReport['maps'][number]>[] = [
  { title: 'MAP', value: ({ name }) => name },
  { title: 'ID', value: ({ id }) => id, align: 'right' },
  { title: 'ENTRIES', value: ({ max_entries }) => max_entries, align: 'right' },
  { title: 'MEMORY', value: ({ bytes }) => renderBytes(bytes), align: 'right' },
];

/** The programs, and below them those of others. */
export function listText({ items, foreign }: ProgramList, paint: Paint): string {
  const rows = items.flatMap((of) => rowsOf(of));
  const own = rows.length === 0 ? 'No programs.\n' : renderTable(COLUMNS, rows, paint);
  if (foreign.length === 0) return own;
  return `${own}\nOf others, left alone:\n${renderTable(FOREIGN, foreign, paint)}`;
}

/** One program with all that is known of it. */
export function programText(of: ProgramReport, paint: Paint): string {
  const fields = [
    ['program', { text: of.name, tone: 'strong' }],
    ['state', { text: of.state, tone: of.state === 'whole' ? 'good' : 'bad' }],
    ['netns', of.netns || '(own)'],
    ['digest', of.digest ?? '-'],
    ['memory', renderBytes(of.bytes)],
    ['pins', of.pins],
  ] as const;
  return [
    renderFields(fields, paint),
    renderTable(COLUMNS.slice(2, -1), rowsOf(of), paint),
    renderTable(FUNCTIONS, of.functions, paint),
    renderTable(MAPS, of.maps, paint),
  ].join('\n');
}

function rowsOf(of: ProgramReport): readonly Row[] {
  const { attachments } = of;
  return attachments.length === 0
    ? [{ of, attachment: undefined }]
    : attachments.map((attachment) => ({ of, attachment }));
}

function placeText(attachment: Attachment | undefined): string | number | undefined {
  const { mode, fallback, position } = attachment ?? {};
  return mode === undefined ? position : `${mode}${fallback ? ' (fallback)' : ''}`;
}

function stateText({ of, attachment }: Row): string {
  if (of.state !== 'whole') return of.state;
  if (attachment === undefined) return 'loaded';
  return attachment.attached ? 'attached' : 'detached';
}

function stateTone(row: Row): Tone {
  const state = stateText(row);
  if (state === 'attached') return row.attachment?.fallback ? 'warn' : 'good';
  return state === 'loaded' ? 'plain' : 'bad';
}

/** Mean nanoseconds of a run; undefined where none was measured. */
export function perRun(runs: number, nanoseconds: number): number | undefined {
  return runs > 0 ? Math.round(nanoseconds / runs) : undefined;
}
