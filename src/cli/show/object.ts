// SPDX-License-Identifier: Apache-2.0
import type { Paint } from '../output/style.ts';
import { type Column, TableWriter } from '../output/table.ts';

/** Filters that a list may take, by their flag. */
export type ShowFilter = 'dev' | 'family' | 'table';

/** Writes a table page by page. */
export interface PageWriter {
  page(items: readonly unknown[]): string;
}

/** Something that `weir show` lists. */
export interface ShowObject {
  /** The word on the command line. */
  readonly name: string;
  readonly summary: string;
  readonly filters: readonly ShowFilter[];
  /** Where the agent serves it. */
  readonly path: string;
  /** Of one namespace, with any number of items: comes as lines. */
  readonly long: boolean;
  readonly table: (paint: Paint) => PageWriter;
}

/** What one file of this folder says about its object. */
export interface ShowDescription<T> {
  readonly name: string;
  readonly summary: string;
  readonly filters?: readonly ShowFilter[];
  readonly path?: string;
  readonly columns: readonly Column<T>[];
}

/** Make a ShowObject, one of `/v1/state/` unless it has a `path` of its own. The type of the items ends here: the agent's schemas vouch for it. */
export function showObject<T>(description: ShowDescription<T>): ShowObject {
  const { name, summary, filters = [], columns } = description;
  return {
    name,
    summary,
    filters,
    path: description.path ?? `/v1/state/${name}`,
    long: description.path === undefined,
    table: (paint) => {
      const writer = new TableWriter<T>(columns, paint);
      return { page: (items) => writer.page(items as readonly T[]) };
    },
  };
}
