// SPDX-License-Identifier: Apache-2.0

/** What a piece of text means; the colour follows from it. */
export type Tone =
  | 'plain'
  | 'strong'
  | 'dim'
  | 'title'
  | 'heading'
  | 'good'
  | 'warn'
  | 'bad'
  | 'accent'
  | 'bar'
  | 'sorted';

/** A piece of text of one tone. */
export interface Span {
  readonly text: string;
  readonly tone?: Tone;
}

/** One line of the screen. */
export type Line = readonly Span[];

// Basic colours only: they follow the reader's own palette, on light and dark backgrounds alike.
const SGR: Readonly<Record<Tone, string>> = {
  plain: '',
  strong: '1',
  dim: '2',
  title: '1',
  heading: '1;4',
  good: '32',
  warn: '33',
  bad: '1;31',
  accent: '36',
  bar: '7',
  sorted: '1;7;36',
};

/** Render spans, with colours or without. */
export type Paint = (line: Line) => string;

/** The spans' text alone. */
export const paintPlain: Paint = (line) => line.map((span) => span.text).join('');

/** The spans' text with select-graphic-rendition sequences around each. */
export const paintColour: Paint = (line) =>
  line
    .map(({ text, tone = 'plain' }) => (SGR[tone] === '' ? text : `\u001b[${SGR[tone]}m${text}\u001b[0m`))
    .join('');

/** What decides about colours. */
export interface ColourChoice {
  /** False with `--no-color`. */
  readonly color: boolean;
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours go to a terminal only, and to none that refuses them (NO_COLOR, TERM=dumb). */
export function wantsColour({ color, isTTY, env }: ColourChoice): boolean {
  return color && isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** How to render spans where colours are `wanted`. */
export function choosePaint(wanted: boolean): Paint {
  return wanted ? paintColour : paintPlain;
}

/** Cut a line to `width` columns. */
export function clip(line: Line, width: number): Line {
  const out: Span[] = [];
  let left = width;
  for (const span of line) {
    if (left <= 0) break;
    const text = [...span.text].slice(0, left).join('');
    left -= [...text].length;
    out.push({ ...span, text });
  }
  return out;
}

const ASCII: Readonly<Record<string, string>> = {
  '…': '~',
  '↓': 'v',
  '↑': '^',
  '▏': '_',
  '▁': '_',
  '▂': '.',
  '▃': ',',
  '▄': '-',
  '▅': '=',
  '▆': '+',
  '▇': '*',
  '█': '#',
};

/** `paint` for a terminal that cannot show UTF-8. */
export function paintAscii(paint: Paint): Paint {
  return (line) => paint(line).replace(/\P{ASCII}/gu, (character) => ASCII[character] ?? '?');
}

/** True when the locale's character set is UTF-8. */
export function isUtf8(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale);
}
