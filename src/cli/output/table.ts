// SPDX-License-Identifier: Apache-2.0
import { type Line, type Paint, paintPlain, type Span, type Tone } from './style.ts';
import { pad, printable, widthOf } from './text.ts';

/** One column of a table over items of type T. */
export interface Column<T> {
  readonly title: string;
  /** Text of a cell; an absent value shows as `-`. */
  readonly value: (item: T) => string | number | undefined;
  readonly align?: 'left' | 'right';
  /** What the cell means, where that depends on the item. */
  readonly tone?: (item: T) => Tone | undefined;
}

/**
 * Renders a table page by page, so that a list of any length needs the memory of one page. The first page carries the
 * titles and sets the widths; a later page may widen a column, never narrow it. Nothing is cut off.
 */
export class TableWriter<T> {
  readonly #columns: readonly Column<T>[];
  readonly #paint: Paint;
  readonly #widths: number[];
  #titled = false;

  constructor(columns: readonly Column<T>[], paint: Paint = paintPlain) {
    this.#columns = columns;
    this.#paint = paint;
    this.#widths = columns.map((column) => widthOf(column.title));
  }

  /** Lines of `items`, each ended by a newline. Titles come first, once. */
  page(items: readonly T[]): string {
    const rows = items.map((item) => this.#columns.map((column) => cell(column, item)));
    for (const row of rows) this.#widen(row);
    const lines: Line[] = this.#titled
      ? []
      : [this.#columns.map(({ title }) => ({ text: title, tone: 'title' }))];
    this.#titled = true;
    return [...lines, ...rows].map((line) => `${this.#line(line)}\n`).join('');
  }

  #widen(row: Line): void {
    for (const [i, span] of row.entries())
      this.#widths[i] = Math.max(this.#widths[i] ?? 0, widthOf(span.text));
  }

  #line(cells: Line): string {
    const spans: Span[] = [];
    for (const [i, span] of cells.entries()) {
      const align = this.#columns[i]?.align ?? 'left';
      const last = i === cells.length - 1;
      if (i > 0) spans.push({ text: '  ' });
      // No blanks behind the last column: they wrap lines in a narrow terminal.
      const text = last && align === 'left' ? span.text : pad(span.text, this.#widths[i] ?? 0, align);
      spans.push({ ...span, text });
    }
    return this.#paint(spans);
  }
}

function cell<T>(column: Column<T>, item: T): Span {
  const value = column.value(item);
  if (value === undefined || value === '') return { text: '-', tone: 'dim' };
  return { text: printable(String(value)), tone: column.tone?.(item) ?? 'plain' };
}

/** A whole table at once. */
export function renderTable<T>(columns: readonly Column<T>[], items: readonly T[], paint?: Paint): string {
  return new TableWriter(columns, paint).page(items);
}

/** Names and values below each other, aligned, as `status` shows one object. */
export function renderFields(
  fields: readonly (readonly [name: string, value: Span | string])[],
  paint: Paint,
): string {
  const width = Math.max(0, ...fields.map(([name]) => widthOf(name)));
  return fields
    .map(([name, value]) => {
      const span = typeof value === 'string' ? { text: value } : value;
      return `${paint([{ text: pad(name, width, 'left'), tone: 'title' }, { text: '  ' }, span])}\n`;
    })
    .join('');
}
