// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textOf } from '../base/bytes.ts';
import { MAX_NUMBER_LENGTH, writeNumber, writeU32, writeU53, writeU64 } from './number-text.ts';

const out = new Uint8Array(MAX_NUMBER_LENGTH + 2);
const written = (write: (at: number) => number) => textOf(out.slice(1, write(1)));

test.each([0, 9, 10, 99, 100, 999, 1000, 65535, 99999, 100000, 999999, 1000000, 2 ** 31, 2 ** 32 - 1])(
  'u32 %d',
  (value) => {
    expect(written((at) => writeU32(out, at, value))).toBe(String(value));
  },
);

test('every u32, u53 and u64 is its own decimal text', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
      expect(written((at) => writeU32(out, at, value))).toBe(String(value));
    }),
  );
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(written((at) => writeU53(out, at, value))).toBe(String(value));
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const text = written((at) => writeU64(out, at, Number(value & 0xffff_ffffn), Number(value >> 32n)));
      expect(text).toBe(String(value));
    }),
    { numRuns: 2000 },
  );
});

test('powers of two and of ten around the limits of a double', () => {
  for (let bits = 30n; bits <= 64n; bits++)
    for (const value of [2n ** bits - 1n, bits < 64n ? 2n ** bits : 0n])
      expect(written((at) => writeU64(out, at, Number(value & 0xffff_ffffn), Number(value >> 32n)))).toBe(
        String(value),
      );
  for (let power = 0; power <= 15; power++)
    expect(written((at) => writeU53(out, at, 10 ** power))).toBe(String(10 ** power));
});

test('every double reads back as itself', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const text = written((at) => writeNumber(out, at, value));
      expect(text.length).toBeLessThanOrEqual(MAX_NUMBER_LENGTH);
      const read = text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
      expect(Object.is(read, value) || (value === 0 && read === 0)).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test('what JavaScript spells otherwise is spelled as Prometheus wants it', () => {
  expect(written((at) => writeNumber(out, at, Number.NaN))).toBe('NaN');
  expect(written((at) => writeNumber(out, at, Number.POSITIVE_INFINITY))).toBe('+Inf');
  expect(written((at) => writeNumber(out, at, Number.NEGATIVE_INFINITY))).toBe('-Inf');
  expect(written((at) => writeNumber(out, at, -125000))).toBe('-125000');
});
