// SPDX-License-Identifier: Apache-2.0
import type { Page, StateQuery } from '../../api/schemas/state.ts';
import type { Visitor } from '../../observe/visitor.ts';

/** Items of a page when the caller does not say. */
const DEFAULT_LIMIT = 1_000;

/** Gathers one page out of a stream of items, and forgets the rest. */
export class PageCollector<T> implements Visitor<T> {
  readonly #netns: string;
  readonly #start: number;
  readonly #end: number;
  readonly #items: T[] = [];
  #seen = 0;
  #mark = 0;

  constructor({ netns = '', cursor, limit = DEFAULT_LIMIT }: StateQuery) {
    this.#netns = netns;
    this.#start = Number(cursor ?? 0);
    this.#end = this.#start + limit;
  }

  visit(item: T): void {
    if (this.#seen >= this.#start && this.#seen < this.#end) this.#items.push(item);
    this.#seen++;
  }

  begin(): void {
    this.#mark = this.#seen;
  }

  restart(): void {
    this.#seen = this.#mark;
    this.#items.length = Math.min(this.#items.length, Math.max(0, this.#mark - this.#start));
  }

  page(): Page<T> {
    const more = this.#seen > this.#end;
    return { netns: this.#netns, items: this.#items, ...(more ? { next: String(this.#end) } : {}) };
  }
}
