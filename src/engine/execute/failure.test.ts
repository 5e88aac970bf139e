// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { ERRNO } from '../../base/errno.gen.ts';
import { KernelError } from '../../base/kernel-error.ts';
import type { Action } from '../../plan/plan.ts';
import { isDoneAnyway } from './failure.ts';

const THERE = new KernelError('create', ERRNO.EEXIST, 'EEXIST');

function create(after: Readonly<Record<string, unknown>>): Action {
  return { op: 'create', id: '', netns: '', class: 'qdisc', key: '', after } as unknown as Action;
}

test.for([
  ['clsact, which network policy may have made', { kind: 'clsact', parent: 'clsact' }, true],
  ['clsact with a block of its own', { kind: 'clsact', parent: 'clsact', ingress_block: 7 }, false],
  ['another qdisc', { kind: 'ingress', parent: 'ingress' }, false],
] as const)('%s that is there already', ([, after, done]) => {
  expect(isDoneAnyway(create(after), THERE)).toBe(done);
});
