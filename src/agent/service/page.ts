// SPDX-License-Identifier: Apache-2.0
import type { Page, StateQuery } from '../../api/schemas/state.ts';

/** Items of a page when the caller does not say. */
const DEFAULT_LIMIT = 1_000;

/** Gathers one page out of a stream of items, and forgets the rest. */
export class PageCollector<T> {
  readonly #netns: string;
  readonly #start: number;
  readonly #end: number;
  #seen = 0;
  #items: T[] = [];

  constructor({ netns = '', cursor, limit = DEFAULT_LIMIT }: StateQuery) {
    this.#netns = netns;
    this.#start = Number(cursor ?? 0);
    this.#end = this.#start + limit;
  }

  /** The next item of the stream. */
  add(item: T): void {
    if (this.#seen >= this.#start && this.#seen < this.#end) this.#items.push(item);
    this.#seen++;
  }

  /** The stream begins anew. */
  restart(): void {
    this.#seen = 0;
    this.#items = [];
  }

  page(): Page<T> {
    const more = this.#seen > this.#end;
    return { netns: this.#netns, items: this.#items, ...(more ? { next: String(this.#end) } : {}) };
  }
}

/** The page of a list that is at hand. */
export function pageOf<T>(items: readonly T[], query: StateQuery): Page<T> {
  const collector = new PageCollector<T>(query);
  for (const item of items) collector.add(item);
  return collector.page();
}
