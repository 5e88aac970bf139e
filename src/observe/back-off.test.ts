// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { BackOff } from './back-off.ts';

test('waits double up to the most and start over after a quiet time', () => {
  const backOff = new BackOff(50, 300);
  expect([0, 1, 2, 3, 4].map((now) => backOff.delay(now))).toEqual([50, 100, 200, 300, 300]);
  expect(backOff.delay(3_000)).toBe(300);
  expect(backOff.delay(6_001)).toBe(50);
});
