// SPDX-License-Identifier: Apache-2.0
// Writes packaging/weir.schema.json, the JSON Schema of the settings file; `--check` fails when it is not current.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { settingsJsonSchema } from '../src/agent/config/json-schema.ts';

const FILE = fileURLToPath(new URL('../packaging/weir.schema.json', import.meta.url));
const text = `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`;

if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (readFileSync(FILE, 'utf8') !== text) {
  console.error('packaging/weir.schema.json is not current: run `npm run generate`');
  process.exitCode = 1;
}
