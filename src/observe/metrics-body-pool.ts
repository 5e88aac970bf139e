// SPDX-License-Identifier: Apache-2.0

/**
 * Memory for the bodies of scrapes, used again when every reader of a body has given it back. A body of some megabytes
 * for each scrape would make the garbage collector run for nothing else. A reader that never gives back costs memory
 * until the collector finds it, and no more.
 */
export class BodyPool {
  #spare: Uint8Array | undefined;
  readonly #readers = new WeakMap<Uint8Array, { whole: Uint8Array; count: number }>();

  /** Memory of `size` bytes with any content. */
  take(size: number): Uint8Array {
    const spare = this.#spare;
    this.#spare = undefined;
    const whole = spare !== undefined && fits(spare, size) ? spare : new Uint8Array(Math.ceil(size * SLACK));
    const body = whole.subarray(0, size);
    this.#readers.set(body, { whole, count: 0 });
    return body;
  }

  /** So many readers will give `body` back. */
  lend(body: Uint8Array, readers: number): void {
    const entry = this.#readers.get(body);
    if (entry !== undefined) entry.count = readers;
  }

  /** One reader is done with `body`. */
  giveBack(body: Uint8Array): void {
    const entry = this.#readers.get(body);
    if (entry === undefined || --entry.count !== 0) return;
    this.#readers.delete(body);
    this.#spare = entry.whole;
  }
}

/** Room for counters that grow by a digit. */
const SLACK = 1.05;

function fits(spare: Uint8Array, size: number): boolean {
  return spare.length >= size && spare.length <= size * 2;
}
