// SPDX-License-Identifier: Apache-2.0

/**
 * Text that is safe to show: control characters become `?`. The kernel allows nearly every byte in a device name, an
 * escape character too.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** Columns that `text` takes: its code points. */
export function widthOf(text: string): number {
  let width = 0;
  for (const _ of text) width++;
  return width;
}

/** Cut `text` to `width` columns, with `…` as the last one when something is cut off. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  return `${[...text].slice(0, width - 1).join('')}…`;
}

/** Pad `text` with blanks to `width` columns on the side that `align` leaves free. */
export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + blanks : blanks + text;
}
