// SPDX-License-Identifier: Apache-2.0
// Attribute tables: names, numbers and nesting as data, for projections and for the path of a byte.
import { WeirError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import type { Wire } from '../base/wire.ts';
import { DecodeFault, NLA_TYPE_MASK } from './decode.ts';

/** What lies behind one value of a selector: a struct of `header` bytes, then attributes of `table`. */
export interface FormatShape {
  readonly header: number;
  readonly table?: AttrTable;
}

/** How an attribute nests. */
export type Shape =
  | {
      readonly t: 'nest';
      readonly header: number;
      readonly table: () => AttrTable;
      /** The nest's formats depend on this attribute beside it. */
      readonly selector?: string;
    }
  | { readonly t: 'array' | 'records'; readonly header: number; readonly table: () => AttrTable }
  | { readonly t: 'keyed'; readonly depth: number; readonly table: () => AttrTable }
  | {
      readonly t: 'sub';
      readonly selector: string;
      readonly formats: () => Readonly<Record<string, FormatShape>>;
      /** Names of the selector's numbers, where it is an integer. */
      readonly numbers?: Readonly<Record<number, string>>;
    };

/** One attribute of a table: type, property name, nesting. */
export type AttrRow = readonly [type: number, name: string, shape?: Shape];

/** The attributes of one set, whose decoded form is `T`. */
export interface AttrTable<T = unknown> {
  /** Name of the set in the kernel's spec. */
  readonly name: string;
  readonly rows: readonly AttrRow[];
  /** Only the type checker looks at this. */
  readonly decoded?: T;
}

/** A compiled projection: which attributes a decoder shall look at. */
export interface Pick {
  /** 1 for each wanted type. */
  readonly wants: Uint8Array;
  /** Projection inside attribute `type`; absent means all of it. */
  readonly sub: readonly (Pick | undefined)[];
  /** Of a sub-message: projection by kind. */
  readonly formats?: Readonly<Record<string, Pick>>;
}

type Item<V> =
  NonNullable<V> extends Uint8Array
    ? never
    : NonNullable<V> extends readonly (infer I)[]
      ? I
      : NonNullable<V>;
type Names<T> = T extends Uint8Array ? never : T extends object ? keyof T & string : never;
type Part<T, K extends string> = T extends unknown ? (K extends keyof T ? T[K] : never) : never;

/** A field of `T` by name, or names inside nests: `{ linkinfo: ['kind'] }`. */
export type PickField<T> =
  | Names<T>
  | { readonly [K in Names<T>]?: readonly PickField<Exclude<Item<Part<T, K>>, Uint8Array>>[] };

/**
 * Compile a projection. A wanted sub-message brings its selector with it.
 *
 * @throws {WeirError} `VALUE` for a name that the table does not have.
 * @example
 * pickOf(LINK_ATTRS, ['ifname', 'mtu', { linkinfo: ['kind'] }])
 */
export function pickOf<T>(table: AttrTable<T>, fields: readonly PickField<T>[]): Pick {
  const unknown = namesOf(fields).filter((name) => !table.rows.some((row) => row[1] === name));
  if (unknown.length > 0) {
    const hint = didYouMean(
      unknown[0] as string,
      table.rows.map((row) => row[1]),
    );
    throw new WeirError('VALUE', {
      what: `${table.name} "${unknown[0]}"`,
      problem: `there is no such attribute${hint}`,
    });
  }
  return pickKnown(table, fields as readonly AnyField[]);
}

type AnyField = string | Readonly<Record<string, readonly AnyField[]>>;

function namesOf(fields: readonly unknown[]): string[] {
  return fields.flatMap((field) => (typeof field === 'string' ? [field] : Object.keys(field as object)));
}

function pickKnown(table: AttrTable, fields: readonly AnyField[]): Pick {
  const last = table.rows.reduce((max, row) => Math.max(max, row[0]), 0);
  const wants = new Uint8Array(last + 1);
  const sub = new Array<Pick | undefined>(last + 1).fill(undefined);
  const want = (name: string, inner?: readonly AnyField[]) => {
    const row = table.rows.find((candidate) => candidate[1] === name);
    if (row === undefined) return; // a selector that stands in the set around this one
    const [type, , shape] = row;
    wants[type] = 1;
    if ((shape?.t === 'sub' || shape?.t === 'nest') && shape.selector !== undefined) want(shape.selector);
    if (inner !== undefined && shape !== undefined) sub[type] = pickInside(shape, inner);
  };
  for (const field of fields)
    if (typeof field === 'string') want(field);
    else for (const [name, inner] of Object.entries(field)) want(name, inner);
  return { wants, sub };
}

function pickInside(shape: Shape, fields: readonly AnyField[]): Pick {
  if (shape.t !== 'sub') return pickOf(shape.table(), fields as never);
  const formats: Record<string, Pick> = {};
  const names = namesOf(fields).filter((name) => name !== 'kind' && name !== 'header');
  const missing = new Set(names);
  for (const [kind, { table }] of Object.entries(shape.formats())) {
    if (table === undefined) continue;
    const has = (name: string) => table.rows.some((row) => row[1] === name);
    for (const name of names) if (has(name)) missing.delete(name);
    formats[kind] = pickKnown(
      table,
      fields.flatMap((field) => keep(field, has)),
    );
  }
  for (const name of missing)
    throw new WeirError('VALUE', {
      what: `attribute "${name}"`,
      problem: 'no kind of this sub-message has it',
    });
  return { wants: new Uint8Array(0), sub: [], formats };
}

function keep(field: AnyField, has: (name: string) => boolean): AnyField[] {
  if (typeof field === 'string') return has(field) ? [field] : [];
  const entries = Object.entries(field).filter(([name]) => has(name));
  return entries.length === 0 ? [] : [Object.fromEntries(entries)];
}

/** The projection of one kind of a sub-message; without one for it, nothing is wanted. */
export function pickFormat(pick: Pick | undefined, kind: string): Pick | undefined {
  return pick === undefined ? undefined : (pick.formats?.[kind] ?? NOTHING);
}

const NOTHING: Pick = { wants: new Uint8Array(0), sub: [] };

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
  let text = '';
  for (let i = start; i < end && w.bytes[i] !== 0; i++) text += String.fromCharCode(w.bytes[i] as number);
  return text;
}

/** Turn a fault into the decode error that callers see; anything else stays as it is. */
export function located(fault: unknown, table: AttrTable, w: Wire, start: number, end: number): unknown {
  if (!(fault instanceof DecodeFault)) return fault;
  const inside = attrPathAt(table, w, start, end, fault.offset);
  const path = inside === undefined ? table.name : inside;
  return new WeirError('DECODE', { path, problem: fault.problem, offset: fault.offset });
}
