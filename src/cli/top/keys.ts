// SPDX-License-Identifier: Apache-2.0
import { SORT_ORDERS, type SortOrder } from './sort.ts';
import { INTERVALS, type TopState } from './state.ts';

const NAMED: Readonly<Record<string, string>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[5~': 'page-up',
  '\u001b[6~': 'page-down',
  '\u001b[H': 'home',
  '\u001b[1~': 'home',
  '\u001b[F': 'end',
  '\u001b[4~': 'end',
  '\u001b': 'escape',
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'interrupt',
  '\u001a': 'suspend',
  '\f': 'redraw',
};

/** Split what a terminal sent into keys: a character, or a name such as `up`, `enter`, `interrupt`. */
export function parseKeys(input: string): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send escape sequences
  const sequences = input.match(/\u001b\[[0-9;]*[A-Za-z~]|\u001bO[A-Z]|./gsu) ?? [];
  return sequences.map((sequence) => NAMED[sequence] ?? sequence);
}

/** What a key does to the state. Unknown keys do nothing. */
export function pressKey(state: TopState, key: string): TopState {
  if (key === 'interrupt') return { ...state, quit: true };
  if (state.typing) return typeFilter(state, key);
  if (state.help) return { ...state, help: false, quit: key === 'q' };
  const order = SORT_ORDERS.find((candidate) => candidate.key === key);
  if (order !== undefined) return { ...state, order, reverse: false, scroll: 0 };
  return COMMANDS[key]?.(state) ?? state;
}

const PAGE = 10;

const COMMANDS: Readonly<Record<string, (state: TopState) => TopState>> = {
  q: (state) => ({ ...state, quit: true }),
  h: (state) => ({ ...state, help: true }),
  '?': (state) => ({ ...state, help: true }),
  s: (state) => ({ ...state, order: nextOrder(state.order), reverse: false, scroll: 0 }),
  v: (state) => ({ ...state, reverse: !state.reverse }),
  '/': (state) => ({ ...state, typing: true }),
  escape: (state) => ({ ...state, filter: '', scroll: 0 }),
  a: (state) => ({ ...state, activeOnly: !state.activeOnly, scroll: 0 }),
  g: (state) => ({ ...state, grouped: !state.grouped, scroll: 0 }),
  ' ': (state) => ({ ...state, paused: !state.paused }),
  '+': (state) => ({ ...state, intervalSeconds: stepInterval(state.intervalSeconds, 1) }),
  '-': (state) => ({ ...state, intervalSeconds: stepInterval(state.intervalSeconds, -1) }),
  up: (state) => scrollBy(state, -1),
  down: (state) => scrollBy(state, 1),
  'page-up': (state) => scrollBy(state, -PAGE),
  'page-down': (state) => scrollBy(state, PAGE),
  home: (state) => ({ ...state, scroll: 0 }),
  end: (state) => ({ ...state, scroll: Number.MAX_SAFE_INTEGER }),
};

function typeFilter(state: TopState, key: string): TopState {
  if (key === 'enter') return { ...state, typing: false };
  if (key === 'escape') return { ...state, typing: false, filter: '', scroll: 0 };
  if (key === 'backspace') return { ...state, filter: [...state.filter].slice(0, -1).join(''), scroll: 0 };
  const isText = [...key].length === 1 && key >= ' ';
  return isText ? { ...state, filter: state.filter + key, scroll: 0 } : state;
}

function nextOrder(order: SortOrder): SortOrder {
  return SORT_ORDERS[(SORT_ORDERS.indexOf(order) + 1) % SORT_ORDERS.length] as SortOrder;
}

function stepInterval(seconds: number, direction: 1 | -1): number {
  const found = INTERVALS.findIndex((choice) => choice >= seconds);
  const at = Math.min(Math.max((found < 0 ? INTERVALS.length : found) + direction, 0), INTERVALS.length - 1);
  return INTERVALS[at] as number;
}

/** The upper end is the frame's to judge: it knows how many lines there are. */
function scrollBy(state: TopState, lines: number): TopState {
  return { ...state, scroll: Math.max(0, state.scroll + lines) };
}
