// SPDX-License-Identifier: Apache-2.0
import { clip, type Line, type Span } from '../output/style.ts';
import { pad, printable, widthOf } from '../output/text.ts';
import { chooseColumns, renderCells, renderTitles, type TopColumn, widthOfColumns } from './columns.ts';
import { footerLine, headerLines } from './header.ts';
import { HELP } from './help.ts';
import { listRows, type Row } from './rows.ts';
import { sparkline } from './sparkline.ts';
import { HISTORY_LENGTH, shownDevices, type TopState } from './state.ts';

/** Size of the screen in characters. */
export interface Screen {
  readonly width: number;
  /** Undefined: as many lines as there are devices (batch mode). */
  readonly height?: number;
}

const HEADER_LINES = 4;
const FOOTER_LINES = 1;
/** From this width on the history of a device is worth more than the last of its columns. */
const WIDE = 96;
/** Blanks between the columns and the history. */
const MARGIN = 2;
const SPARKLINE_LEAST = 10;

/** How many lines of the list a screen shows. */
function listHeight(screen: Screen): number {
  return screen.height === undefined ? Infinity : Math.max(0, screen.height - HEADER_LINES - FOOTER_LINES);
}

/** The state with its scroll position brought inside the list. */
export function settle(state: TopState, screen: Screen): TopState {
  const last = Math.max(0, listRows(shownDevices(state), state.grouped).length - listHeight(screen));
  return state.scroll <= last ? state : { ...state, scroll: last };
}

/** The whole screen: exactly `height` lines of at most `width` columns, or the list's length in batch mode. */
export function renderFrame(state: TopState, screen: Screen): readonly Line[] {
  const devices = shownDevices(state);
  const rows = listRows(devices, state.grouped);
  const body = state.help ? HELP : list(state, rows, screen);
  const header = headerLines(state, devices, screen.width);
  if (screen.height === undefined) return [...header, ...body].map((line) => clip(line, screen.width));
  const height = listHeight(screen);
  const filled = Array.from({ length: height + 1 }, (_, i) => body[i] ?? []);
  const footer = footerLine(state, { first: state.scroll, shown: height, all: rows.length }, screen.width);
  return [...header, ...filled, footer].map((line) => clip(line, screen.width)).slice(0, screen.height);
}

/** Titles and the part of the list that is in view. */
function list(state: TopState, rows: readonly Row[], screen: Screen): readonly Line[] {
  const devices = state.devices;
  const reserved = screen.width >= WIDE ? MARGIN + SPARKLINE_LEAST : 0;
  const columns = chooseColumns({ width: screen.width - reserved, devices, grouped: state.grouped });
  const room = screen.width - widthOfColumns(columns) - MARGIN;
  const bars = reserved > 0 ? Math.min(HISTORY_LENGTH, room) : 0;
  const titles = [...renderTitles(columns, state.order.name), ...historyTitle(bars)];
  const fill = screen.width - titles.reduce((sum, span) => sum + widthOf(span.text), 0);
  const view = rows.slice(state.scroll, state.scroll + listHeight(screen));
  return [
    [...titles, { text: ' '.repeat(Math.max(0, fill)), tone: 'bar' }],
    ...view.map((row) => rowLine(state, row, columns, bars)),
  ];
}

function historyTitle(bars: number): readonly Span[] {
  return bars === 0 ? [] : [{ text: `  ${pad('HISTORY', bars, 'left')}`, tone: 'bar' }];
}

function rowLine(state: TopState, row: Row, columns: readonly TopColumn[], bars: number): Line {
  if (row.kind === 'namespace') return renderCells(columns, row.sum, 'strong');
  const device = state.grouped ? { ...row.device, ifname: `  ${printable(row.device.ifname)}` } : row.device;
  const cells = renderCells(columns, device);
  if (bars === 0) return cells;
  const history = state.history.get(row.device.key) ?? [];
  return [...cells, { text: '  ' }, { text: sparkline(history, bars), tone: 'accent' }];
}
