// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { recordingSink } from '../../../test/helpers/recording-sink.ts';
import { wireOf } from '../../base/wire.ts';
import { decodeIfinfomsg, IFF_UP } from '../../codec/generated/rt-link.ts';
import type { Spec } from '../../model/object.ts';
import { writeLink } from './write.ts';

/** Whether each message of the change switches the device on, off, or neither. */
function switches(before: Spec, after: Spec): readonly string[] {
  const { sink, operations } = recordingSink({ x0: 1, m: 2 });
  writeLink({ op: 'change', before: { name: 'x0', ...before }, after: { name: 'x0', ...after } }, sink);
  return operations.map((operation) => {
    if (operation.op !== 'rtnl') throw new Error(operation.op);
    const { ifiFlags, ifiChange } = decodeIfinfomsg(wireOf(operation.payload), 0, operation.payload.length);
    if ((ifiChange & IFF_UP) === 0) return 'neither';
    return (ifiFlags & IFF_UP) === 0 ? 'off' : 'on';
  });
}

const port = (kind: string) => ({ state: 'up', master: 'm', port: { kind } });

test('a device that is up is off while it joins a bond', () => {
  expect(switches({ state: 'up' }, port('bond'))).toEqual(['off', 'neither', 'on']);
  expect(switches({ state: 'up' }, port('bridge'))).toEqual(['neither']);
});

test('one that leaves a bond, which switches it off, is on again', () => {
  expect(switches(port('bond'), { state: 'up' })).toEqual(['neither', 'on']);
  expect(switches(port('bond'), { state: 'down' })).toEqual(['off']);
  expect(switches(port('bridge'), { state: 'up' })).toEqual(['neither']);
});
