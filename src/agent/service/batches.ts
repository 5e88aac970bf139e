// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from 'node:timers/promises';
import { WeirError } from '../../base/errors.ts';
import type { Visitor } from '../../observe/visitor.ts';

/** Items that are worth handing on before the end. Below this a repeated dump goes unnoticed. */
const BATCH = 200;

/**
 * What `read` finds, in batches, each item as JSON: a batch of texts is a tenth of the objects behind it, which would
 * live just long enough to be costly to the garbage collector. Reading gets on only as batches are asked for; when nobody will ask any more, or `outer`
 * is aborted, `read` is told by its signal.
 *
 * @throws what `read` throws, and {WeirError} `DUMP_INTERRUPTED` when it has to repeat what was handed on.
 */
export async function* batchesOf<T>(
  read: (to: Visitor<T>, signal: AbortSignal) => Promise<void>,
  outer: AbortSignal,
): AsyncGenerator<readonly string[], void> {
  const unwanted = new AbortController();
  const pump = new Pump<T>();
  void read(pump, AbortSignal.any([outer, unwanted.signal])).then(
    () => pump.end(),
    (error: unknown) => pump.end({ error }),
  );
  try {
    for (let batch = await pump.next(); batch.length > 0; batch = await pump.next()) yield batch;
  } finally {
    unwanted.abort();
  }
}

/** Between a reader that gives items and a generator that asks for batches: one of them waits for the other. */
class Pump<T> implements Visitor<T> {
  readonly #items: string[] = [];
  #mark = 0;
  #handedOn = false;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeAsker: (() => void) | undefined;

  visit(item: T): void {
    this.#items.push(JSON.stringify(item));
  }

  begin(): void {
    this.#mark = this.#items.length;
    this.#handedOn = false;
  }

  restart(): void {
    if (this.#handedOn) throw new WeirError('DUMP_INTERRUPTED', { operation: 'a stream', attempts: 1 });
    this.#items.length = this.#mark;
  }

  readonly pace = async (): Promise<void> => {
    await setImmediate();
    if (this.#items.length < BATCH) return;
    this.#handedOn = true;
    const asked = new Promise<void>((resolve) => {
      this.#wakeReader = resolve;
    });
    this.#wakeAsker?.();
    await asked;
  };

  /** Nothing more comes. */
  end(failure?: { readonly error: unknown }): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wakeAsker?.();
  }

  /** The next batch; an empty one is the end. */
  async next(): Promise<readonly string[]> {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
    if (!this.#ended)
      await new Promise<void>((resolve) => {
        this.#wakeAsker = resolve;
      });
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#items.splice(0);
  }
}
