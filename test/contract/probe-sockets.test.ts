// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { netns } from '../helpers/netns.ts';

test.each(['127.0.0.1', '::1'])('%s answers a ping, and refuses a connection', async (address) => {
  await using ns = await netns('wD-probe');
  const io = await ns.io();
  await Promise.all([io.ping(address, 5000), io.ping(address, 5000)]);
  await expect(io.connect(address, 9, 5000)).rejects.toMatchObject({
    code: 'PROBE',
    details: { problem: 'ECONNREFUSED' },
  });
});

test('silence ends with the time that was given', async () => {
  await using ns = await netns('wD-probe');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  ns.ip('link', 'set', 'v0', 'up');
  ns.ip('link', 'set', 'v1', 'up');
  ns.ip('address', 'add', '192.0.2.1/24', 'dev', 'v0');
  const io = await ns.io();
  const silent = { code: 'PROBE', details: { problem: 'no answer within 50 ms' } };
  await expect(io.ping('192.0.2.9', 50)).rejects.toMatchObject(silent);
  await expect(io.connect('192.0.2.9', 9, 50)).rejects.toMatchObject(silent);
});
