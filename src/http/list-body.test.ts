// SPDX-License-Identifier: Apache-2.0
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentBody, listBody } from './list-body.ts';

const listing = fc.record(
  { netns: fc.string(), next: fc.string(), items: fc.array(fc.jsonValue(), { maxLength: 700, size: 'max' }) },
  { requiredKeys: ['items'] },
);

const read = async (body: ReturnType<typeof listBody>) =>
  JSON.parse(typeof body === 'string' ? body : await text(body));
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe('streamed JSON', () => {
  it('of a listing parses to the listing, short or long', async () => {
    const same = async (value: Parameters<typeof listBody>[0]) => {
      expect(await read(listBody(value))).toEqual(plain(value));
    };
    await fc.assert(fc.asyncProperty(listing, same), { numRuns: 30 });
  });

  it('of a document parses to the document', async () => {
    const same = async (value: Parameters<typeof documentBody>[0]) => {
      expect(await read(documentBody(value))).toEqual(plain(value));
    };
    const document = fc.dictionary(fc.string(), listing, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
    await fc.assert(fc.asyncProperty(document, same), { numRuns: 20 });
  });
});
