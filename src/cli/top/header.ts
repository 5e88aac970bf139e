// SPDX-License-Identifier: Apache-2.0
import type { Line, Span, Tone } from '../output/style.ts';
import { printable, widthOf } from '../output/text.ts';
import { renderCount, renderDuration } from '../output/units.ts';
import { type DeviceRates, sumRates } from './rates.ts';
import type { TopState } from './state.ts';

/** The lines above the list: who and when, the totals, a blank one. */
export function headerLines(
  state: TopState,
  devices: readonly DeviceRates[],
  width: number,
): readonly Line[] {
  return [spread(identity(state, devices), moment(state), width), totals(devices, state), []];
}

/** Which part of the list is in view. */
export interface ListView {
  readonly first: number;
  readonly shown: number;
  readonly all: number;
}

/** The last line: what is being typed, or what went wrong, or the keys. */
export function footerLine(state: TopState, view: ListView, width: number): Line {
  if (state.typing) return [{ text: 'filter: ', tone: 'strong' }, { text: `${printable(state.filter)}▏` }];
  const position = `${view.first + 1}-${Math.min(view.first + view.shown, view.all)} of ${view.all}`;
  const right: Line = view.all > view.shown ? [{ text: position, tone: 'dim' }] : [];
  if (state.problem !== undefined)
    return spread([{ text: printable(state.problem), tone: 'bad' }], right, width);
  return spread(KEYS, right, width);
}

const KEYS: Line = [
  ['q', 'quit'],
  ['s', 'sort'],
  ['/', 'filter'],
  ['g', 'group'],
  ['a', 'active'],
  ['space', 'pause'],
  ['h', 'help'],
].flatMap(([key, word]): Span[] => [
  { text: key as string, tone: 'strong' },
  { text: ` ${word}  `, tone: 'dim' },
]);

function identity(state: TopState, devices: readonly DeviceRates[]): Line {
  const namespaces = new Set(devices.map((device) => device.netns)).size;
  return [
    { text: 'weir top', tone: 'strong' },
    { text: `  ${printable(state.node.hostname)}`, tone: 'accent' },
    { text: `  agent up ${renderDuration(state.node.uptimeSeconds)}`, tone: 'dim' },
    { text: `  ${devices.length} device${devices.length === 1 ? '' : 's'}`, tone: 'plain' },
    { text: namespaces > 1 ? `, ${namespaces} netns` : '', tone: 'plain' },
  ];
}

/** At the right end: pause or interval, and the time of the numbers. */
function moment(state: TopState): Line {
  const time = state.report === undefined ? '--:--:--' : clockTime(state.report.timestamp);
  const pace: Span = state.paused
    ? { text: 'paused', tone: 'warn' }
    : { text: `every ${state.intervalSeconds}s`, tone: 'dim' };
  return [pace, { text: `  ${time}`, tone: 'plain' }];
}

function clockTime(timestamp: number): string {
  const date = new Date(timestamp);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

function totals(devices: readonly DeviceRates[], state: TopState): Line {
  const rx = sumRates(devices, 'rx');
  const tx = sumRates(devices, 'tx');
  const queueDrops = devices.reduce((sum, device) => sum + (device.queue?.dropsPerSecond ?? 0), 0);
  const drops = rx.dropsPerSecond + tx.dropsPerSecond + queueDrops;
  const errors = rx.errorsPerSecond + tx.errorsPerSecond;
  return [
    ...figure('rx', `${renderCount(rx.bitsPerSecond)}b/s ${renderCount(rx.packetsPerSecond)}p/s`, 'plain'),
    ...figure('tx', `${renderCount(tx.bitsPerSecond)}b/s ${renderCount(tx.packetsPerSecond)}p/s`, 'plain'),
    ...figure('drops', `${renderCount(drops)}/s`, drops > 0 ? 'warn' : 'plain'),
    ...figure('errors', `${renderCount(errors)}/s`, errors > 0 ? 'bad' : 'plain'),
    ...figure('by', `${state.order.title}${state.reverse ? ' ↑' : ' ↓'}`, 'plain'),
    ...(state.filter === '' || state.typing ? [] : figure('filter', printable(state.filter), 'accent')),
    ...(state.activeOnly ? figure('only', 'active', 'accent') : []),
  ];
}

function figure(name: string, value: string, tone: Tone): readonly Span[] {
  return [{ text: `${name} `, tone: 'dim' }, { text: value, tone }, { text: '  ' }];
}

/** `left` and `right` at the two ends of a line; `right` gives way when there is no room for both. */
function spread(left: Line, right: Line, width: number): Line {
  const taken = [...left, ...right].reduce((sum, span) => sum + widthOf(span.text), 0);
  if (taken + 1 > width) return left;
  return [...left, { text: ' '.repeat(width - taken) }, ...right];
}
