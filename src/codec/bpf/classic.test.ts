// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { acceptAll, withPrologue } from './classic.ts';

const hex = (bytes: Uint8Array) =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/(.{16})(?=.)/g, '$1 ');

test('a filter that takes everything', () => {
  expect(hex(acceptAll(0x40000))).toBe('0600000000000400');
});

test('what is put before a filter leaves it as it is', () => {
  const program = acceptAll(96);
  expect(withPrologue(program, { direction: 'both', sampling: 1 })).toEqual(program);
  // ld type; jeq #4 jt 0 jf 1; ret #0
  expect(hex(withPrologue(program, { direction: 'in', sampling: 1 }))).toBe(
    '2000000004f0ffff 1500000104000000 0600000000000000 0600000060000000',
  );
  expect(hex(withPrologue(program, { direction: 'out', sampling: 1 }))).toBe(
    '2000000004f0ffff 1500010004000000 0600000000000000 0600000060000000',
  );
  // ld rand; jge #0x40000000 jt 0 jf 1; ret #0
  expect(hex(withPrologue(program, { direction: 'both', sampling: 4 }))).toBe(
    '2000000038f0ffff 3500000100000040 0600000000000000 0600000060000000',
  );
});
