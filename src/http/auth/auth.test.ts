// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { permits } from '../../api/role.ts';
import { certificateNames, matchCertificate } from './certificates.ts';
import { TokenTable } from './tokens.ts';

const certificate = (CN: unknown, subjectaltname?: string) =>
  ({ subject: { CN }, subjectaltname }) as PeerCertificate;

describe('certificateNames', () => {
  it('are the common name and the alternative names', () => {
    expect(certificateNames(certificate('ops', 'DNS:a.test, URI:spiffe://x/y, email:a@b'))).toEqual([
      'CN=ops',
      'DNS:a.test',
      'URI:spiffe://x/y',
      'email:a@b',
    ]);
  });

  it('do not let a name smuggle in another one', () => {
    // As Node writes a URI that holds `, DNS:admin`.
    expect(certificateNames(certificate('x', 'URI:"http://a/, DNS:admin", DNS:b'))).toEqual([
      'CN=x',
      'URI:http://a/, DNS:admin',
      'DNS:b',
    ]);
  });

  it('leave out a common name that stands several times', () => {
    expect(certificateNames(certificate(['a', 'b']))).toEqual([]);
  });
});

describe('matchCertificate', () => {
  const rules = [
    { match: 'CN=ops', role: 'change' },
    { match: 'DNS:ops', role: 'read' },
  ] as const;

  it('takes the first rule that fits a whole name', () => {
    expect(matchCertificate(rules, certificate('ops', 'DNS:ops'))).toEqual({
      name: 'CN=ops',
      role: 'change',
    });
    expect(matchCertificate(rules, certificate('ops2', 'DNS:ops'))).toEqual({
      name: 'DNS:ops',
      role: 'read',
    });
    expect(matchCertificate(rules, certificate('Ops', 'DNS:ops.test'))).toBeUndefined();
    expect(matchCertificate(rules, certificate(undefined))).toBeUndefined();
  });
});

describe('TokenTable', () => {
  const sum = (text: string) => createHash('sha256').update(text).digest('hex');
  const entry = (name: string, token: string) => ({ name, role: 'read', sha256: sum(token) });

  it('knows the owner of a token, and nobody else', () => {
    const tokens = [randomBytes(32).toString('hex'), randomBytes(32).toString('base64url')] as const;
    const table = TokenTable.parse('f', { tokens: [entry('a', tokens[0]), entry('b', tokens[1])] });
    expect(tokens.map((token) => table.find(token)?.name)).toEqual(['a', 'b']);
    expect(table.find(tokens[0].toUpperCase())).toBeUndefined();
    expect(table.find(sum(tokens[0]))).toBeUndefined();
    expect(table.find('')).toBeUndefined();
  });

  it('refuses a token that is too short to be random enough, although its sum is listed', () => {
    expect(TokenTable.parse('f', { tokens: [entry('a', 'secret')] }).find('secret')).toBeUndefined();
  });

  it.each([
    [
      { tokens: [{ name: 'a', role: 'root', sha256: sum('x') }] },
      /f: tokens\.0\.role: must be one of read, capture/,
    ],
    [{ tokens: [{ name: 'a', role: 'read', sha256: 'plain' }] }, /tokens\.0\.sha256: must be text \(SHA/],
    [{ tokens: [{ name: 'a', role: 'read', sha526: sum('x') }] }, /did you mean "sha256"\?/],
    [{ tokens: [entry('a', 'x'), entry('a', 'y')] }, /the name "a" stands twice/],
    [{}, /"tokens" is missing/],
  ])('refuses the file %j', (file, message) => {
    expect(() => TokenTable.parse('f', file)).toThrow(message);
  });
});

describe('permits', () => {
  it('includes lower roles', () => {
    expect([permits('change', 'read'), permits('capture', 'read'), permits('read', 'read')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([permits('read', 'capture'), permits('capture', 'change'), permits(undefined, 'read')]).toEqual([
      false,
      false,
      false,
    ]);
    expect(permits(undefined, 'open')).toBe(true);
  });
});
