// SPDX-License-Identifier: Apache-2.0
// From a byte to the name of the attribute that holds it: for decode errors and for the kernel's extended
// acks.
import { cString } from '../base/bytes.ts';
import { WeirError } from '../base/errors.ts';
import type { Wire } from '../base/wire.ts';
import { DecodeFault, NLA_TYPE_MASK } from './decode.ts';
import type { AttrTable, FormatShape, Shape } from './table.ts';

/**
 * The path of the attribute that holds byte `offset`, such as `linkinfo.data.id`; array elements as `act[0]`.
 * `[start, end)` are the attributes behind the fixed header. Tolerates malformed input.
 *
 * @returns undefined when no attribute there holds the byte.
 */
export function attrPathAt(
  table: AttrTable,
  w: Wire,
  start: number,
  end: number,
  offset: number,
): string | undefined {
  const parts: string[] = [];
  walk(table, w, start, end, offset, parts);
  return parts.length === 0 ? undefined : parts.join('.').replaceAll('.[', '[');
}

function walk(table: AttrTable, w: Wire, start: number, end: number, offset: number, parts: string[]): void {
  const found = attrAt(w, start, end, offset);
  if (found === undefined) return;
  const row = table.rows.find((candidate) => candidate[0] === found.type);
  parts.push(row === undefined ? `#${found.type}` : row[1]);
  const shape = row?.[2];
  if (shape === undefined || offset < found.at + 4) return;
  const payload = found.at + 4;
  switch (shape.t) {
    case 'nest':
      walk(shape.table(), w, payload + shape.header, found.next, offset, parts);
      break;
    case 'array':
      walkItem(shape, attrAt(w, payload, found.next, offset), 4, w, offset, parts);
      break;
    case 'records':
      walkItem(shape, recordAt(w, payload, found.next, offset), 0, w, offset, parts);
      break;
    case 'keyed':
      walkKeyed(shape.table(), shape.depth, w, payload, found.next, offset, parts);
      break;
    case 'sub': {
      const format = formatAt(table, shape, w, start, end);
      if (format?.table !== undefined)
        walk(format.table, w, payload + format.header, found.next, offset, parts);
    }
  }
}

interface Place {
  readonly index: number;
  readonly type: number;
  readonly at: number;
  readonly next: number;
}

function attrAt(w: Wire, start: number, end: number, offset: number): Place | undefined {
  let index = 0;
  for (let at = start; at + 4 <= end; index++) {
    const length = Math.max(4, w.view.getUint16(at, true));
    const next = Math.min(at + length, end);
    const type = w.view.getUint16(at + 2, true) & NLA_TYPE_MASK;
    if (offset >= at && offset < Math.max(next, at + 4)) return { index, type, at, next };
    at += (length + 3) & ~3;
  }
  return undefined;
}

function recordAt(w: Wire, start: number, end: number, offset: number): Place | undefined {
  let index = 0;
  for (let at = start; at + 2 <= end; index++) {
    const length = Math.max(4, w.view.getUint16(at, true));
    const next = Math.min(at + length, end);
    if (offset >= at && offset < next) return { index, type: 0, at, next };
    at += (length + 3) & ~3;
  }
  return undefined;
}

function walkItem(
  shape: { readonly header: number; readonly table: () => AttrTable },
  place: Place | undefined,
  skip: number,
  w: Wire,
  offset: number,
  parts: string[],
): void {
  if (place === undefined) return;
  parts.push(`[${place.index}]`);
  walk(shape.table(), w, place.at + skip + shape.header, place.next, offset, parts);
}

function walkKeyed(
  table: AttrTable,
  depth: number,
  w: Wire,
  start: number,
  end: number,
  offset: number,
  parts: string[],
): void {
  if (depth === 0) {
    walk(table, w, start, end, offset, parts);
    return;
  }
  const place = attrAt(w, start, end, offset);
  if (place === undefined) return;
  parts.push(`[${place.type}]`);
  walkKeyed(table, depth - 1, w, place.at + 4, place.next, offset, parts);
}

function formatAt(
  table: AttrTable,
  shape: Shape & { readonly t: 'sub' },
  w: Wire,
  start: number,
  end: number,
): FormatShape | undefined {
  const selector = table.rows.find((row) => row[1] === shape.selector);
  for (let at = start; at + 4 <= end; ) {
    const length = Math.max(4, w.view.getUint16(at, true));
    const next = Math.min(at + length, end);
    if ((w.view.getUint16(at + 2, true) & NLA_TYPE_MASK) === selector?.[0]) {
      const kind = kindAt(shape, w, at + 4, next);
      return kind === undefined ? undefined : shape.formats()[kind];
    }
    at += (length + 3) & ~3;
  }
  return undefined;
}

function kindAt(
  shape: Shape & { readonly t: 'sub' },
  w: Wire,
  start: number,
  end: number,
): string | undefined {
  if (shape.numbers !== undefined)
    return end - start < 2 ? undefined : shape.numbers[w.view.getUint16(start, true)];
  return cString(w.bytes, start, end);
}

/** Turn a fault into the decode error that callers see; anything else stays as it is. */
export function located(fault: unknown, table: AttrTable, w: Wire, start: number, end: number): unknown {
  if (!(fault instanceof DecodeFault)) return fault;
  const inside = attrPathAt(table, w, start, end, fault.offset);
  const path = inside === undefined ? table.name : inside;
  return new WeirError('DECODE', { path, problem: fault.problem, offset: fault.offset });
}
