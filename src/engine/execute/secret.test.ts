// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSecret } from './secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-secret-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7);

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test('a key of its owner alone', async () => {
  const text = Buffer.from(key).toString('base64');
  expect(await readSecret(file('good', `${text}\n`))).toEqual(key);
  expect(await readSecret(file('read-only', text, 0o400))).toEqual(key);
});

test('what is refused is named with the way out, and never shown', async () => {
  const text = Buffer.from(key).toString('base64');
  const refusals: [path: string, problem: RegExp][] = [
    [file('group', text, 0o640), /chmod 600/],
    [file('world', text, 0o604), /chmod 600/],
    [file('short', text.slice(4)), /holds no key/],
    [file('loose', `${text.slice(0, 42)}B=`), /holds no key/],
    [file('long', text.repeat(40)), /more than 1024 bytes/],
    [join(folder, 'absent'), /cannot be read/],
    ['relative', /absolute/],
  ];
  mkdirSync(join(folder, 'folder'), { mode: 0o700 });
  refusals.push([join(folder, 'folder'), /no plain file/]);
  for (const [path, problem] of refusals) {
    const error = await readSecret(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'VALUE', message: expect.stringMatching(problem) });
    expect(String(error)).toContain(path);
    expect(String(error)).not.toContain(text.slice(0, 12));
  }
});
