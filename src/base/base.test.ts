// SPDX-License-Identifier: Apache-2.0
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesEqual, bytesOf, cString, hex } from './bytes.ts';
import { ERRORS, isWeirError, WeirError } from './errors.ts';
import { KernelError } from './kernel-error.ts';
import { didYouMean, nearest } from './suggest.ts';

test('an error says what its template says and carries its kind', () => {
  const error = new WeirError('NOT_FOUND', {
    what: 'device',
    name: 'eht0',
    hint: didYouMean('eht0', ['eth0', 'lo']),
  });
  expect(error.message).toBe('no device named "eht0", did you mean "eth0"?');
  expect(error.kind).toMatchObject({ status: 404, exit: 1 });
  expect(isWeirError(error, 'NOT_FOUND')).toBe(true);
  expect(isWeirError(error, 'VALUE')).toBe(false);
  expect(isWeirError(new Error('x'))).toBe(false);
});

test('every status is an HTTP error, and what may be retried says so by its status', () => {
  for (const [code, kind] of Object.entries(ERRORS)) {
    expect(kind.status, code).toBeGreaterThanOrEqual(400);
    expect(kind.status, code).toBeLessThan(600);
    if (kind.retryable) expect([408, 409, 429, 503], code).toContain(kind.status);
  }
});

test('the catalogue has no code that nothing reports', () => {
  const sources = globSync('src/**/*.ts', { exclude: ['src/base/errors.ts', 'src/**/*.test.ts'] });
  const text = sources.map((file) => readFileSync(file, 'utf8')).join('');
  expect(Object.keys(ERRORS).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

test('a kernel error names operation, errno, what the kernel said and where', () => {
  const error = new KernelError('RTM_NEWQDISC dev eth0', 22, 'EINVAL', {
    message: 'Bad rate',
    path: 'options.parms',
  });
  expect(error.message).toBe('RTM_NEWQDISC dev eth0: EINVAL: Bad rate (at options.parms)');
  expect(new KernelError('x', 1, 'EPERM').message).toBe('x: EPERM');
});

test('suggestions are near or absent', () => {
  expect(nearest('ruotes', ['routes', 'rules'])).toBe('routes');
  expect(nearest('zzzzzz', ['routes', 'rules'])).toBeUndefined();
  expect(nearest('ROUTES', ['routes'])).toBe('routes');
});

test('C strings end at the first NUL and may hold UTF-8', () => {
  expect(cString(bytesOf('eth0\0junk'))).toBe('eth0');
  expect(cString(bytesOf('blå\0x'))).toBe('blå');
  expect(cString(bytesOf('abc'), 1, 2)).toBe('b');
});

test('hex and equality', () => {
  expect(hex(Uint8Array.of(0, 10, 255), ':')).toBe('00:0a:ff');
  expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(bytesEqual(Uint8Array.of(1), Uint8Array.of(1, 3))).toBe(false);
});
