// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Page } from '../api/schemas/state.ts';

/** Items that are turned into text before the event loop gets its turn. */
const SLICE = 200;

/** A page as JSON. A long one is a stream that yields between slices, so that nobody waits for its rendering. */
export function pageBody(page: Page<unknown>): string | Readable {
  if (page.items.length <= SLICE) return JSON.stringify(page);
  return Readable.from(slices(page), { objectMode: false });
}

async function* slices({ items, ...rest }: Page<unknown>): AsyncGenerator<string> {
  const head = JSON.stringify(rest);
  yield `${head.slice(0, -1)},"items":[`;
  for (let start = 0; start < items.length; start += SLICE) {
    const text = JSON.stringify(items.slice(start, start + SLICE)).slice(1, -1);
    yield start === 0 ? text : `,${text}`;
    await setImmediate();
  }
  yield ']}';
}
