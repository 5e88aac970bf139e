// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Spec } from '../../model/object.ts';
import type { Action } from '../../plan/plan.ts';
import { inTwo, opens } from './opening.ts';

function step(op: Action['op'], before: Spec | undefined, after: Spec | undefined): Action {
  const sides = { ...(before && { before }), ...(after && { after }) };
  return { op, id: 'link x', netns: '', class: 'link', key: 'x', ...sides };
}

test('a step opens a device that it sets up, or gives to a master', () => {
  expect(opens(step('create', undefined, { name: 'x', state: 'up' }))).toBe(true);
  expect(opens(step('change', { state: 'down' }, { state: 'up' }))).toBe(true);
  expect(opens(step('change', {}, { state: 'up' }))).toBe(true);
  expect(opens(step('change', { master: 'a' }, { master: 'b' }))).toBe(true);
  expect(opens(step('create', undefined, { name: 'x', state: 'down' }))).toBe(false);
  expect(opens(step('change', { state: 'up', mtu: 1500 }, { state: 'up', mtu: 1400 }))).toBe(false);
  expect(opens(step('change', { state: 'up', master: 'a' }, { state: 'up' }))).toBe(false);
  expect(opens(step('remove', { state: 'up' }, undefined))).toBe(false);
  expect(opens({ ...step('create', undefined, { state: 'up' }), class: 'qdisc' })).toBe(false);
});

test('what opens a device comes apart from what makes it', () => {
  const after = { name: 'x', kind: 'veth', mtu: 1400, state: 'up', master: 'br0', port: { cost: 1 } };
  const { making, opening } = inTwo(step('create', undefined, after));
  const made = { name: 'x', kind: 'veth', mtu: 1400 };
  expect(making).toMatchObject({ op: 'create', after: made });
  expect(Object.keys(making?.after ?? {})).toEqual(Object.keys(made));
  expect(opening).toMatchObject({ op: 'change', before: made, after });
  const change = step('change', { state: 'down' }, { state: 'up' });
  expect(inTwo(change)).toEqual({ opening: change });
});
