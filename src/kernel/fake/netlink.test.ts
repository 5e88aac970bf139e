// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { NETLINK } from '../ports.ts';
import { type FakeAnswer, FakeNetlink } from './netlink.ts';

const payload = Uint8Array.of(1, 2, 3, 4);
const message = { type: 16, payload };

/** Answers in turn, the last one for ever. */
function scripted(...answers: FakeAnswer[]): FakeNetlink {
  return new FakeNetlink(
    NETLINK.ROUTE,
    () => (answers.length > 1 ? answers.shift() : answers[0]) as FakeAnswer,
  );
}

test('repeats an interrupted dump after telling the caller', async () => {
  const fake = scripted({ messages: [message], interrupted: true }, { messages: [message, message] });
  let seen = 0;
  const restart = () => {
    seen = 0;
  };
  await fake.dump({ type: 18, payload }, () => seen++, { restart });
  expect(seen).toBe(2);
  expect(fake.requests.map(({ kind, type }) => [kind, type])).toEqual([
    ['dump', 18],
    ['dump', 18],
  ]);
});

test('gives up on a dump that is interrupted for ever', async () => {
  const work = scripted({ interrupted: true }).dump({ type: 18, payload }, () => 0, { attempts: 3 });
  await expect(work).rejects.toMatchObject({ code: 'DUMP_INTERRUPTED', details: { attempts: 3 } });
});

test('a dump delivers its messages before its error', async () => {
  let seen = 0;
  const work = scripted({ messages: [message], errno: 95 }).dump({ type: 18, payload }, () => seen++);
  await expect(work).rejects.toMatchObject({ errnoName: 'EOPNOTSUPP' });
  expect(seen).toBe(1);
});

test('overruns and events reach the subscribers of the group', async () => {
  const fake = scripted({});
  const log: string[] = [];
  await fake.subscribe([1], { message: () => log.push('event'), overrun: () => log.push('overrun') });
  fake.emit(1, message);
  fake.emit(2, message);
  fake.overrun();
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual(['overrun', 'event']);
});

test('fails in time when there is no answer, and answers what comes later', async () => {
  const fake = scripted({ silent: true }, { silent: true }, {});
  const operation = 'ask';
  const late = { code: 'KERNEL_TIMEOUT', message: 'ask: the kernel did not answer within 0.001 s' };
  await expect(fake.request({ type: 16, payload, operation, timeoutMs: 1 })).rejects.toMatchObject(late);
  const dump = fake.dump({ type: 18, payload, operation, timeoutMs: 1 }, () => undefined);
  await expect(dump).rejects.toMatchObject(late);
  expect(await fake.request({ type: 16, payload })).toEqual([]);
});
