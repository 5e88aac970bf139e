// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Problem } from '../api/schemas/problem.ts';

/** An object with a list that can be long. */
export interface Listing {
  readonly items: readonly unknown[];
}

/** Items that are turned into text before the event loop gets its turn. */
const SLICE = 200;

/** A listing as JSON. A long one is a stream that yields between slices, so that nobody waits for its rendering. */
export function listBody(listing: Listing): string | Readable {
  if (listing.items.length <= SLICE) return JSON.stringify(listing);
  return Readable.from(slices(listing), { objectMode: false });
}

/** Several listings as one JSON object, by their names; always a stream. */
export function documentBody(listings: Readonly<Record<string, Listing>>): Readable {
  return Readable.from(members(listings), { objectMode: false });
}

/**
 * Batches of JSON texts as lines, taken as fast as the stream is read. What fails becomes the last line; `told` says
 * how.
 */
export function linesBody(
  first: readonly string[],
  rest: AsyncIterable<readonly string[]>,
  told: (error: unknown) => Problem,
): Readable {
  return Readable.from(lines(first, rest, told), { objectMode: false });
}

async function* lines(...[first, rest, told]: Parameters<typeof linesBody>): AsyncGenerator<string> {
  try {
    yield linesOf(first);
    for await (const batch of rest) yield linesOf(batch);
  } catch (error) {
    yield linesOf([JSON.stringify({ error: told(error) })]);
  }
}

function linesOf(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `${texts.join('\n')}\n`;
}

async function* members(listings: Readonly<Record<string, Listing>>): AsyncGenerator<string> {
  let separator = '{';
  for (const [name, listing] of Object.entries(listings)) {
    yield `${separator}${JSON.stringify(name)}:`;
    yield* slices(listing);
    separator = ',';
  }
  yield '}';
}

async function* slices({ items, ...rest }: Listing): AsyncGenerator<string> {
  const head = JSON.stringify(rest).slice(0, -1);
  yield `${head}${head === '{' ? '' : ','}"items":[`;
  for (let start = 0; start < items.length; start += SLICE) {
    const text = JSON.stringify(items.slice(start, start + SLICE)).slice(1, -1);
    yield start === 0 ? text : `,${text}`;
    await setImmediate();
  }
  yield ']}';
}
