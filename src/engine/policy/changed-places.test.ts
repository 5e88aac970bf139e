// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { NamespaceIo } from '../../kernel/ports.ts';
import { changedPlaces } from './changed-places.ts';

const [here, there] = [{}, {}] as NamespaceIo[] as [NamespaceIo, NamespaceIo];

test('places that are other objects are told, as long as the devices are the same', () => {
  const before = [1, 2, 3].map((ifindex) => ({ io: here, ifindex }));
  const other = { io: here, ifindex: 2 };
  expect(changedPlaces(before, before)).toEqual([]);
  expect(changedPlaces(before, [...before])).toEqual([]);
  expect(changedPlaces(before, before.with(1, other))?.[0]).toBe(other);
  expect(changedPlaces(before, before.slice(0, 2))).toBeUndefined();
  expect(changedPlaces(before, before.with(0, { io: there, ifindex: 1 }))).toBeUndefined();
  expect(changedPlaces(before, before.with(0, { io: here, ifindex: 4 }))).toBeUndefined();
});
