// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { choosePaint, clip, isUtf8, paintAscii, paintColour, paintPlain, wantsColour } from './style.ts';
import { renderFields, renderTable, TableWriter } from './table.ts';
import { printable, shorten } from './text.ts';
import { renderBytes, renderCount, renderDuration } from './units.ts';

test.each([
  [0, '0'],
  [0.04, '0'],
  [0.5, '0.5'],
  [9.96, '10'],
  [12.4, '12'],
  [999.4, '999'],
  [999.5, '1.00k'],
  [1234, '1.23k'],
  [9994, '9.99k'],
  [9996, '10.0k'],
  [99_960, '100k'],
  [999_499, '999k'],
  [999_500, '1.00M'],
  [1.2e9, '1.20G'],
  [Number.NaN, '-'],
])('renders the count %d as %s', (value, text) => {
  expect(renderCount(value)).toBe(text);
});

test('no count takes more than five characters', () => {
  for (let value = 0.013; value < 9e17; value *= 1.37) expect(renderCount(value).length).toBeLessThan(6);
});

test('renders durations in two units', () => {
  expect([0, 59.9, 61, 3600, 90_000, 86_400 * 12.5].map(renderDuration)).toEqual([
    '0s',
    '59s',
    '1m 01s',
    '1h 00m',
    '1d 1h',
    '12d 12h',
  ]);
});

test('renders bytes with binary multiples', () => {
  expect([0, 1023, 1536, 91_435_008].map(renderBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '87.2 MiB']);
});

test('takes control characters out of names', () => {
  expect(printable('eth\u001b[2J0\u009b')).toBe('eth?[2J0?');
  expect(shorten('abcdef', 4)).toBe('abc…');
  expect(shorten('äöü', 3)).toBe('äöü');
});

interface Row {
  readonly name: string;
  readonly mtu?: number;
}
const COLUMNS = [
  { title: 'NAME', value: (row: Row) => row.name },
  { title: 'MTU', value: (row: Row) => row.mtu, align: 'right' as const },
  { title: 'END', value: (row: Row) => row.name },
];

test('aligns columns, shows absent values and leaves no blanks at the end of a line', () => {
  expect(renderTable(COLUMNS, [{ name: 'a', mtu: 1500 }, { name: 'longer' }])).toBe(
    'NAME     MTU  END\na       1500  a\nlonger     -  longer\n',
  );
});

test('prints the titles once, and an empty table has them alone', () => {
  const writer = new TableWriter<Row>(COLUMNS);
  expect(writer.page([])).toBe('NAME  MTU  END\n');
  expect(writer.page([{ name: 'wide-name', mtu: 1 }])).toBe('wide-name    1  wide-name\n');
  expect(writer.page([{ name: 'b', mtu: 2 }])).toBe('b            2  b\n');
});

test('aligns names of fields', () => {
  expect(
    renderFields(
      [
        ['a', '1'],
        ['long', { text: '2' }],
      ],
      paintPlain,
    ),
  ).toBe('a     1\nlong  2\n');
});

test('colours go to a terminal only, and to none that refuses them', () => {
  const choose = (isTTY: boolean, color = true, env = {}) => choosePaint(wantsColour({ color, isTTY, env }));
  expect(choose(true)).toBe(paintColour);
  expect(choose(false)).toBe(paintPlain);
  expect(choose(true, false)).toBe(paintPlain);
  expect(choose(true, true, { NO_COLOR: '1' })).toBe(paintPlain);
  expect(choose(true, true, { NO_COLOR: '' })).toBe(paintColour);
  expect(choose(true, true, { TERM: 'dumb' })).toBe(paintPlain);
});

test('paints, clips and falls back to ASCII', () => {
  const line = [{ text: 'ab', tone: 'bad' as const }, { text: '▁█…' }];
  expect(paintColour(line)).toBe('\u001b[1;31mab\u001b[0m▁█…');
  expect(paintPlain(clip(line, 3))).toBe('ab▁');
  expect(paintAscii(paintPlain)(line)).toBe('ab_#~');
  expect(isUtf8({ LC_ALL: 'C', LANG: 'en_US.UTF-8' })).toBe(false);
  expect(isUtf8({ LANG: 'C.utf8' })).toBe(true);
});
