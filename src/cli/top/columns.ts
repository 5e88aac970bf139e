// SPDX-License-Identifier: Apache-2.0
import type { Span, Tone } from '../output/style.ts';
import { pad, printable, shorten, widthOf } from '../output/text.ts';
import { renderCount } from '../output/units.ts';
import { type DeviceRates, dropsOf, errorsOf } from './rates.ts';

/** One column of the list. */
export interface TopColumn {
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  /** 1 stays longest when the terminal is narrow. */
  readonly priority: number;
  /** Names of the sort orders that this column shows. */
  readonly sortedBy: readonly string[];
  readonly cell: (device: DeviceRates) => Span;
}

/** What the set of columns depends on. */
export interface ColumnOptions {
  readonly width: number;
  readonly devices: readonly DeviceRates[];
  readonly grouped: boolean;
}

const GAP = 1;

/**
 * The columns that fit into `width`, in the order in which they are shown. The least important ones are left out
 * first, and a column never appears in place of a weightier one.
 */
export function chooseColumns(options: ColumnOptions): readonly TopColumn[] {
  const all = everyColumn(options);
  let left = options.width;
  const chosen = new Set<TopColumn>();
  for (const column of all.toSorted((a, b) => a.priority - b.priority)) {
    left -= column.width + (chosen.size > 0 ? GAP : 0);
    if (left < 0) break;
    chosen.add(column);
  }
  return all.filter((column) => chosen.has(column));
}

/** Columns that `columns` take, gaps included. */
export function widthOfColumns(columns: readonly TopColumn[]): number {
  return columns.reduce((sum, column) => sum + column.width + GAP, 0) - GAP;
}

/** One row of cells: aligned, cut to the columns' widths, with `tone` where a cell has none of its own. */
export function renderCells(
  columns: readonly TopColumn[],
  device: DeviceRates,
  tone?: Tone,
): readonly Span[] {
  return columns.flatMap((column, i) => {
    const span = column.cell(device);
    const text = pad(shorten(span.text, column.width), column.width, column.align);
    return [{ text: i > 0 ? ' '.repeat(GAP) : '' }, { text, tone: span.tone ?? tone ?? 'plain' }];
  });
}

/** The row of titles; those of the sort order stand out. */
export function renderTitles(columns: readonly TopColumn[], order: string): readonly Span[] {
  return columns.flatMap((column, i) => {
    const text = pad(column.title, column.width, column.align);
    const tone: Tone = column.sortedBy.includes(order) ? 'sorted' : 'bar';
    return [
      { text: i > 0 ? ' '.repeat(GAP) : '', tone: 'bar' },
      { text, tone },
    ];
  });
}

function everyColumn({ width, devices, grouped }: ColumnOptions): readonly TopColumn[] {
  const longest = (texts: readonly string[], least: number, most: number) =>
    Math.min(
      most,
      texts.reduce((width, text) => Math.max(width, widthOf(text)), least),
    );
  const indent = grouped ? '  ' : '';
  const name = longest(
    devices.flatMap((d) => [d.ifname + indent, grouped ? d.netns : '']),
    8,
    15 + indent.length,
  );
  const netns = longest(
    devices.map((d) => d.netns),
    5,
    width > 100 ? 20 : 14,
  );
  const several = !grouped && devices.some((device) => device.netns !== devices[0]?.netns);
  return [
    text('DEVICE', name, 1, (d) => ({ text: d.ifname, tone: 'strong' }), ['name']),
    ...(several ? [text('NETNS', netns, 4, (d) => ({ text: d.netns || '(own)' }))] : []),
    text('KIND', 6, 9, (d) => ({ text: d.kind || '-', tone: 'dim' })),
    text('STATE', 5, 6, (d) => stateCell(d.operstate)),
    count('RX b/s', 1, (d) => d.rx.bitsPerSecond, undefined, ['rx', 'rate']),
    count('TX b/s', 1, (d) => d.tx.bitsPerSecond, undefined, ['tx', 'rate']),
    count('RX p/s', 3, (d) => d.rx.packetsPerSecond, undefined, ['packets']),
    count('TX p/s', 3, (d) => d.tx.packetsPerSecond, undefined, ['packets']),
    count('DROP/s', 2, dropsOf, 'warn', ['drops']),
    count('ERR/s', 2, errorsOf, 'bad', ['errors']),
    count('BACKLOG', 5, (d) => d.queue?.backlog, 'warn', ['queue']),
    count('QLEN', 7, (d) => d.queue?.qlen, 'warn'),
    count('REQ/s', 8, (d) => d.queue?.requeuesPerSecond, 'warn'),
    text('QDISC', 8, 7, (d) => ({ text: d.qdisc || '-', tone: 'dim' })),
  ];
}

function text(
  title: string,
  width: number,
  priority: number,
  cell: TopColumn['cell'],
  sortedBy: readonly string[] = [],
): TopColumn {
  const safe = (device: DeviceRates) => {
    const span = cell(device);
    return { ...span, text: printable(span.text) };
  };
  return { title, width, align: 'left', priority, sortedBy, cell: safe };
}

/** A number: nothing at all is dim, something takes `alarm`'s colour. */
function count(
  title: string,
  priority: number,
  value: (device: DeviceRates) => number | undefined,
  alarm?: Tone,
  sortedBy: readonly string[] = [],
): TopColumn {
  const cell = (device: DeviceRates): Span => {
    const number = value(device);
    if (number === undefined) return { text: '-', tone: 'dim' };
    if (number === 0) return { text: '0', tone: 'dim' };
    return alarm === undefined ? { text: renderCount(number) } : { text: renderCount(number), tone: alarm };
  };
  return { title, width: Math.max(6, title.length), align: 'right', priority, sortedBy, cell };
}

const STATES: Readonly<Record<string, Span>> = {
  UP: { text: 'up', tone: 'good' },
  DOWN: { text: 'down', tone: 'warn' },
  LOWERLAYERDOWN: { text: 'lower', tone: 'warn' },
  NOTPRESENT: { text: 'gone', tone: 'bad' },
  DORMANT: { text: 'dorm', tone: 'warn' },
  TESTING: { text: 'test', tone: 'warn' },
};

function stateCell(operstate: string): Span {
  return STATES[operstate] ?? { text: '-', tone: 'dim' };
}
