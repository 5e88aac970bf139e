// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { WeirError } from '../base/errors.ts';
import { openWhenMade } from './open-when-made.ts';

const notYet = () => new WeirError('NOT_FOUND', { what: 'network namespace', name: 'a', hint: '' });

test('a namespace that somebody else is making is waited for', async () => {
  let looks = 0;
  const open = async () => {
    if (++looks < 4) throw notYet();
    return 'open';
  };
  expect(await openWhenMade(open, async () => {})).toBe('open');
  expect(looks).toBe(4);
});

test('one that never comes is told, and other errors at once', async () => {
  await expect(
    openWhenMade(
      () => Promise.reject(notYet()),
      async () => {},
    ),
  ).rejects.toThrow('no network namespace');
  const broken = () => Promise.reject(new WeirError('INTERNAL', { problem: 'broken' }));
  await expect(openWhenMade(broken, () => Promise.reject(new Error('waited')))).rejects.toThrow('broken');
});
