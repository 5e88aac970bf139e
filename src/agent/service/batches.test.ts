// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { NetnsFd } from '../../base/brand.ts';
import { payloadOf } from '../../codec/encoder.ts';
import { encodeNexthopAttrs, encodeNhmsg, RTM_NEWNEXTHOP } from '../../codec/generated/nexthop.ts';
import { type FakeAnswer, FakeNetlink } from '../../kernel/fake/netlink.ts';
import { type NamespaceIo, NETLINK } from '../../kernel/ports.ts';
import { visitNexthops } from '../../observe/read.ts';
import { batchesOf } from './batches.ts';

/** Nexthops 1 to `count` of a namespace whose kernel says what it is told to. */
function nexthops(count: number, answers: readonly FakeAnswer[] = [{}]) {
  const messages = Array.from({ length: count }, (_, i) => ({
    type: RTM_NEWNEXTHOP,
    payload: payloadOf((out) => {
      encodeNhmsg(out, {});
      encodeNexthopAttrs(out, { nhaId: i + 1 });
    }),
  }));
  const left = [...answers];
  const fake = new FakeNetlink(NETLINK.ROUTE, () => ({ messages, ...left.shift() }));
  const io = {
    netns: { name: '', inode: 1 },
    fd: 3 as NetnsFd,
    netlink: async () => fake,
  } as unknown as NamespaceIo;
  const leave = new AbortController();
  let visited = 0;
  let ended: unknown = 'no';
  const batches = batchesOf<number>(async (to, signal) => {
    const list = {
      ...to,
      begin: () => to.begin(),
      restart: () => to.restart(),
      visit: ({ id }: { readonly id: number }) => {
        visited++;
        to.visit(id);
      },
    };
    const reading = visitNexthops(io, list, { names: () => 'x', signal });
    ended = await reading.then(
      () => 'whole',
      (error: unknown) => error,
    );
    return reading;
  }, leave.signal);
  return { batches, fake, leave, visited: () => visited, ended: () => ended };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

async function flat(batches: AsyncIterable<readonly string[]>): Promise<number[]> {
  const items: number[] = [];
  for await (const batch of batches) {
    expect(batch.length).toBeGreaterThan(0);
    items.push(...batch.map(Number));
  }
  return items;
}

async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}

test.each([0, 1, 199, 200, 201, 500, 5001])('%i items arrive in order, out of one dump', async (count) => {
  const { batches, fake } = nexthops(count);
  expect(await flat(batches)).toEqual(upTo(count));
  expect(fake.requests).toHaveLength(1);
});

test('nothing more is read than was asked for', async () => {
  const { batches, visited, ended } = nexthops(5000);
  for (let asked = 1; asked <= 3; asked++) {
    expect((await batches.next()).value).toHaveLength(500);
    await turns();
    expect(visited()).toBe(asked * 500);
  }
  await batches.return();
  await turns();
  expect(ended()).toMatchObject({ name: 'AbortError' });
  expect(visited()).toBe(1500);
});

test('a reader that goes away ends the dump, at work and before it began', async () => {
  const { batches, leave, visited } = nexthops(5000);
  await batches.next();
  leave.abort(new Error('gone'));
  await expect(batches.next()).rejects.toThrow('gone');
  expect(visited()).toBe(500);
  const early = nexthops(5000);
  early.leave.abort(new Error('gone'));
  await expect(early.batches.next()).rejects.toThrow('gone');
});

test('an interrupted dump is repeated while nothing was handed on, and is an error afterwards', async () => {
  const short = nexthops(150, [{ interrupted: true }, { interrupted: true }, {}]);
  expect(await flat(short.batches)).toEqual(upTo(150));
  expect(short.fake.requests).toHaveLength(3);
  const long = nexthops(700, [{ interrupted: true }]);
  expect((await long.batches.next()).value).toHaveLength(500);
  await expect(flat(long.batches)).rejects.toMatchObject({ code: 'DUMP_INTERRUPTED' });
  expect(long.fake.requests).toHaveLength(1);
});

test('a failure in the middle follows what came before it', async () => {
  const { batches } = nexthops(600, [{ errno: 12 }]);
  expect((await batches.next()).value).toHaveLength(500);
  await expect(flat(batches)).rejects.toMatchObject({ errnoName: 'ENOMEM' });
});
