// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { wireOf } from '../base/wire.ts';
import { EventQueue } from './event-queue.ts';

test('events come out in order, copied', () => {
  const queue = new EventQueue();
  const buffer = Uint8Array.of(1, 2, 3, 4);
  queue.push(wireOf(buffer), 0, 2, 16);
  queue.push(wireOf(buffer), 2, 4, 17);
  buffer.fill(0);
  expect(queue.size).toBe(2);
  expect(queue.shift()).toMatchObject({ type: 16, wire: { bytes: Uint8Array.of(1, 2) } });
  queue.push(wireOf(buffer), 0, 1, 18);
  expect(queue.shift()).toMatchObject({ type: 17, wire: { bytes: Uint8Array.of(3, 4) } });
  expect(queue.shift()).toMatchObject({ type: 18 });
  expect(queue.shift()).toBeUndefined();
  expect(queue.size).toBe(0);
});

test('a queue that grows too large is emptied and says so', () => {
  const queue = new EventQueue();
  const large = wireOf(new Uint8Array(20 * 1024 * 1024));
  expect(queue.push(large, 0, large.bytes.length, 16)).toBe(true);
  expect(queue.push(large, 0, large.bytes.length, 16)).toBe(false);
  expect(queue.size).toBe(0);
  expect(queue.push(large, 0, large.bytes.length, 16)).toBe(true);
});
