// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTls } from './trust.ts';

let directory: string;
const at = (name: string) => join(directory, name);

function selfSigned(name: string): void {
  const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-subj', `/CN=${name}`, ...files], { stdio: 'ignore' });
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'we-trust-'));
  selfSigned('a');
  selfSigned('b');
  writeFileSync(at('rubbish'), 'rubbish');
  chmodSync(at('rubbish'), 0o600);
});
afterAll(() => rmSync(directory, { recursive: true }));

const load = (certificate: string, key: string, clientCa: string) =>
  loadTls({ tls: { certificate: at(certificate), key: at(key), clientCa: at(clientCa) } } as never);

describe('loadTls', () => {
  it('takes what fits together', () => {
    expect(Object.keys(load('a.crt', 'a.key', 'b.crt') ?? {})).toEqual(['cert', 'key', 'ca']);
  });

  it.each([
    ['a certificate that is none', 'rubbish', 'a.key', 'b.crt', 'rubbish'],
    ['a key that is none', 'a.crt', 'rubbish', 'b.crt', 'rubbish'],
    ['the key of another certificate', 'a.crt', 'b.key', 'b.crt', 'b.key'],
    ['an authority that is none', 'a.crt', 'a.key', 'rubbish', 'rubbish'],
  ])('refuses %s, naming the file', (_what, certificate, key, clientCa, file) => {
    expect(() => load(certificate, key, clientCa)).toThrow(`${at(file)}: file: `);
  });
});
