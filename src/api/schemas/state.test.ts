// SPDX-License-Identifier: Apache-2.0
import type { Static } from 'typebox';
import { describe, expect, it } from 'vitest';
import { STATE_ITEMS, STATE_KINDS, STATE_QUERIES, type StateKind, type StateObjects } from './state.ts';

type Mutable<T> = T extends readonly (infer E)[] ? E[] : T;
type Plain<T> = { [K in keyof T]: Mutable<T[K]> };

/** Fails to compile when a schema stops describing its model type. */
const DESCRIBED: {
  [K in StateKind]: Plain<StateObjects[K]> extends Plain<Static<(typeof STATE_ITEMS)[K]>> ? true : never;
} = {
  links: true,
  addresses: true,
  nexthops: true,
  routes: true,
  rules: true,
  neighbours: true,
  qdiscs: true,
};

describe('state schemas', () => {
  it('describe every kind of object and its query', () => {
    expect(Object.keys(DESCRIBED)).toEqual([...STATE_KINDS]);
    expect(Object.keys(STATE_ITEMS).sort()).toEqual([...STATE_KINDS].sort());
    expect(Object.keys(STATE_QUERIES).sort()).toEqual([...STATE_KINDS].sort());
  });
});
