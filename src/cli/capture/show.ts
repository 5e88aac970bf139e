// SPDX-License-Identifier: Apache-2.0
import type { CaptureReport } from '../../model/capture.ts';
import type { Column } from '../output/table.ts';
import { renderBytes, renderCount } from '../output/units.ts';

const at = (time: number | undefined) =>
  time === undefined ? undefined : new Date(time).toISOString().slice(0, 19).replace('T', ' ');

function nameOf({ netns, device }: CaptureReport['devices'][number]): string {
  return netns === '' ? device : `${netns}/${device}`;
}

/** `weir capture list`. */
export const CAPTURE_COLUMNS: readonly Column<CaptureReport>[] = [
  { title: 'ID', value: ({ id }) => id },
  {
    title: 'STATE',
    value: ({ state }) => state,
    tone: ({ state }) => (state === 'ended' ? undefined : 'strong'),
  },
  { title: 'BY', value: ({ by }) => by },
  { title: 'STARTED', value: ({ started }) => at(started) },
  { title: 'DEVICES', value: ({ devices }) => devices.map(nameOf).join(' ') },
  { title: 'PACKETS', value: ({ packets }) => renderCount(packets), align: 'right' },
  { title: 'LOST', value: ({ dropped }) => renderCount(dropped), align: 'right' },
  { title: 'SIZE', value: ({ bytes }) => renderBytes(bytes), align: 'right' },
  { title: 'END', value: ({ end }) => end?.reason },
  { title: 'FILTER', value: ({ filter }) => filter },
  { title: 'LAST FILE', value: ({ files }) => files.at(-1) },
];

/** What became of a capture, for people. */
export function summaryOf(report: CaptureReport): string {
  const { packets, dropped, bytes, devices, triggered, files, end } = report;
  const passed = devices.reduce((sum, { accepted }) => sum + accepted, 0);
  const lines = [
    `${packets} packets captured (${renderBytes(bytes)}), ${passed} passed the filter, ${dropped} lost`,
    ...(triggered === undefined ? [] : [`triggered: ${triggered}`]),
    ...(end === undefined ? [] : [`ended: ${end.detail}`]),
    ...files.map((file) => `file: ${file}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
