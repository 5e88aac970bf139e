// SPDX-License-Identifier: Apache-2.0
// Attribute tables: names, numbers and nesting as data. Projections are compiled from them.
import { WeirError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';

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
