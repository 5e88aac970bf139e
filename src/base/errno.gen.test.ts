// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { ERRNO, errnoName } from './errno.gen.ts';

test('agrees with the C library on every name that Node knows', () => {
  // ENOTSUP is the C library's own name for EOPNOTSUPP.
  const known = Object.entries(constants.errno).filter(([name]) => name !== 'ENOTSUP');
  expect(known.length).toBeGreaterThan(70);
  for (const [name, number] of known) expect(ERRNO[name as keyof typeof ERRNO]).toBe(number);
});

test('gives the usual name where a number has several', () => {
  expect([11, 95, 35, 22].map(errnoName)).toEqual(['EAGAIN', 'EOPNOTSUPP', 'EDEADLK', 'EINVAL']);
  expect(errnoName(4_000)).toBe('errno 4000');
});
