// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { documentJsonSchema } from '../../src/documents/schema.ts';

const FILE = join(import.meta.dirname, '../../packaging/document.schema.json');

// UPDATE_GOLDEN=1 writes the file; format it then.
it('packaging/document.schema.json is what the classes say', () => {
  const text = JSON.stringify(documentJsonSchema(), undefined, 2);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(FILE, `${text}\n`);
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(JSON.parse(text));
});
