// SPDX-License-Identifier: Apache-2.0
import type { DropReport } from '../../api/schemas/drops.ts';
import { messageOf } from '../../base/errors.ts';
import { clip, type Line, type Paint } from '../output/style.ts';
import { renderTable } from '../output/table.ts';
import { printable } from '../output/text.ts';
import { renderCount } from '../output/units.ts';
import { parseKeys } from '../top/keys.ts';
import type { Terminal, TerminalHandlers } from '../top/terminal.ts';
import { LIVE_COLUMNS } from './columns.ts';
import { type DropGrowth, dropGrowth } from './growth.ts';

/** What the live view of drops is made of. */
export interface DropsLiveParts {
  readonly read: () => Promise<DropReport>;
  readonly intervalSeconds: number;
  readonly paint: Paint;
  readonly terminal: (handlers: TerminalHandlers) => Terminal;
}

interface View {
  readonly report: DropReport;
  readonly rows: readonly DropGrowth[];
  readonly paused: boolean;
  readonly problem?: string;
}

/** Show drops until the operator leaves. @throws {WeirError} when the very first look fails. */
export async function runDropsLive({
  read,
  intervalSeconds,
  paint,
  terminal,
}: DropsLiveParts): Promise<void> {
  const first = await read();
  let view: View = { report: first, rows: dropGrowth(undefined, first), paused: false };
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const draw = () => screen.draw(dropsFrame(view, screen.size).map(paint));
  const press = (key: string) => {
    if (key === 'q' || key === 'interrupt') end();
    else if (key === 'suspend') screen.suspend();
    else if (key === ' ') view = { ...view, paused: !view.paused };
  };
  const screen = terminal({
    input: (text) => {
      parseKeys(text).forEach(press);
      draw();
    },
    redraw: draw,
    terminate: end,
  });
  const look = async () => {
    if (!view.paused) view = await looked(view, read);
    draw();
    timer.refresh();
  };
  const timer = setTimeout(() => void look(), intervalSeconds * 1000);
  screen.open();
  try {
    draw();
    await ended;
  } finally {
    clearTimeout(timer);
    screen.close();
  }
}

/** A look that fails is told on the screen: the agent may come back. */
async function looked(
  { report: before, rows, paused }: View,
  read: () => Promise<DropReport>,
): Promise<View> {
  try {
    const report = await read();
    return { report, rows: dropGrowth(before, report), paused };
  } catch (error) {
    return { report: before, rows, paused, problem: messageOf(error) };
  }
}

/** The whole screen. */
export function dropsFrame(
  { report, rows, paused, problem }: View,
  { width, height }: { readonly width: number; readonly height: number },
): readonly Line[] {
  const [titles = '', ...body] = renderTable(LIVE_COLUMNS, rows).trimEnd().split('\n');
  const room = Math.max(0, height - 4);
  const shown = body
    .slice(0, room)
    .map((text, i): Line => [{ text, tone: (rows[i]?.grown ?? 0) > 0 ? 'plain' : 'dim' }]);
  const blank = Array.from({ length: room - shown.length }, (): Line => []);
  const hidden = body.length - shown.length;
  const footer: Line =
    problem === undefined
      ? [{ text: `q quit  space pause${hidden > 0 ? `  ${hidden} more kinds` : ''}`, tone: 'dim' }]
      : [{ text: printable(problem), tone: 'bad' }];
  const title: Line = [{ text: titles.padEnd(width), tone: 'bar' }];
  return [header(report, rows, paused), [], title, ...shown, ...blank, footer]
    .slice(0, height)
    .map((line) => clip(line, width));
}

function header(report: DropReport, rows: readonly DropGrowth[], paused: boolean): Line {
  const sum = (value: (row: DropGrowth) => number) => rows.reduce((total, row) => total + value(row), 0);
  const lost = report.lost === 0 ? '' : `, ${renderCount(report.lost)} of kinds that are not shown`;
  return [
    { text: 'weir drops', tone: 'strong' },
    { text: `  ${renderCount(sum(({ packets }) => packets))} packets${lost}` },
    { text: `  ${renderCount(sum(({ rate }) => rate))}/s`, tone: 'accent' },
    { text: paused ? '  paused' : '', tone: 'warn' },
  ];
}
