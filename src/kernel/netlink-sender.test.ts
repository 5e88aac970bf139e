// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { ERRNO } from '../base/errno.gen.ts';
import { NetlinkSender } from './netlink-sender.ts';

/** A socket that answers with these results, then with success, and keeps what it was given. */
function socket(...results: number[]) {
  const sent: string[] = [];
  const sender = new NetlinkSender(async (bytes, start, end) => {
    await new Promise((resolve) => setImmediate(resolve));
    const result = results.shift() ?? end - start;
    if (result >= 0) sent.push(Buffer.from(bytes.subarray(start, end)).toString());
    return result;
  });
  const send = (text: string) => sender.send(Buffer.from(text), 0, text.length, text);
  return { sent, send };
}

test('joins what waits, in order', async () => {
  const { sent, send } = socket();
  await Promise.all(['a', 'b', 'c', 'd'].map(send));
  await send('e');
  expect(sent).toEqual(['a', 'bcd', 'e']);
});

test('does not join more than a datagram holds', async () => {
  const { sent, send } = socket();
  const large = 'x'.repeat(20 << 10);
  await Promise.all(['a', large, large, 'b'].map(send));
  expect(sent.map((text) => text.length)).toEqual([1, 20 << 10, (20 << 10) + 1]);
});

test('tries again when the kernel has no room', async () => {
  const { sent, send } = socket(-ERRNO.EAGAIN, -ERRNO.ENOBUFS);
  await Promise.all(['a', 'b'].map(send));
  expect(sent).toEqual(['a', 'b']);
});

test('gives up in the end, and goes on with the next', async () => {
  const { sent, send } = socket(...new Array<number>(11).fill(-ERRNO.ENOBUFS));
  const [first, second] = await Promise.allSettled([send('a'), send('b')]);
  expect(first).toMatchObject({ status: 'rejected', reason: { errnoName: 'ENOBUFS', operation: 'a' } });
  expect(second.status).toBe('fulfilled');
  expect(sent).toEqual(['b']);
});

test('hands on any other refusal at once', async () => {
  const { send } = socket(-ERRNO.EMSGSIZE);
  await expect(send('a')).rejects.toMatchObject({ errnoName: 'EMSGSIZE' });
});
