// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KernelError } from '../../src/base/kernel-error.ts';
import { testEngine } from '../helpers/engine.ts';
import { ASKER, type FaultNode, faultNode, reach, WISH } from '../helpers/fault-node.ts';

/** Carriers come a moment after the devices (net/core/link_watch.c). */
const SETTLING = { interval: 50, timeout: 5_000 };

let node: FaultNode;

beforeAll(async () => {
  node = await faultNode('wF-fault');
});

afterAll(() => node?.[Symbol.asyncDispose]());

test('a step that the kernel refuses leaves everything as it was, whichever it is', async () => {
  await using test = testEngine(node.directory);
  let tried = 0;
  for (let failing = 0; ; failing++) {
    let step = 0;
    test.beforeStep = () => {
      if (step++ === failing) throw new KernelError('injected', 5, 'EIO');
    };
    const report = await test.engine.apply({ documents: node.end, prune: true }, WISH, ASKER);
    if (report.status === 'confirmed') break;
    expect(report).toMatchObject({ status: 'rolled-back', error: expect.stringContaining('EIO') });
    await expect
      .poll(() => node.state(test), { ...SETTLING, message: `after step ${failing} was refused` })
      .toEqual(node.startState);
    tried++;
  }
  console.log(`kernel errors: ${tried} points of a plan of ${node.steps} steps`);
  expect(tried).toBeGreaterThanOrEqual(node.steps);
  expect(node.steps).toBeGreaterThanOrEqual(200);
  await expect.poll(() => node.state(test), SETTLING).toEqual(node.endState);
  test.beforeStep = () => {};
  await reach(test, node.start);
  await expect.poll(() => node.state(test), SETTLING).toEqual(node.startState);
}, 300_000);
