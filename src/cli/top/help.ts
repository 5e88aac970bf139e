// SPDX-License-Identifier: Apache-2.0
import type { Line } from '../output/style.ts';
import { SORT_ORDERS } from './sort.ts';

const entry = (keys: string, text: string): Line => [
  { text: `  ${keys.padEnd(17)}`, tone: 'strong' },
  { text },
];

/** The help screen. */
export const HELP: readonly Line[] = [
  [{ text: 'Keys', tone: 'heading' }],
  entry(SORT_ORDERS.map((order) => order.key).join(' '), `sort by ${orderTitles(0, 4)},`),
  entry('', orderTitles(4, SORT_ORDERS.length)),
  entry('s  v', 'next order, turn the order round'),
  entry('/  escape', 'filter by name, namespace or kind; clear the filter'),
  entry('a', 'only devices with traffic, drops, errors or a queue'),
  entry('g', 'group by namespace, with sums'),
  entry('space', 'pause; the next rates are the mean over the pause'),
  entry('+  -', 'longer or shorter interval'),
  entry('up down', 'scroll, also page up, page down, home, end'),
  entry('q', 'quit'),
  [],
  [{ text: 'Columns', tone: 'heading' }],
  entry('DROP/s', 'the device in both directions, and its root qdisc'),
  entry('BACKLOG QLEN', 'bytes and packets that wait in the root qdisc now; - without one'),
  entry('REQ/s', 'requeues: the device could not take what the qdisc gave it'),
];

function orderTitles(start: number, end: number): string {
  return SORT_ORDERS.slice(start, end)
    .map((order) => order.title)
    .join(', ');
}
