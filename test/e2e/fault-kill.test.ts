// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recover } from '../../src/engine/recovery.ts';
import { testEngine } from '../helpers/engine.ts';
import { type FaultNode, faultNode, reach } from '../helpers/fault-node.ts';

const CHILD = fileURLToPath(new URL('../helpers/engine-main.ts', import.meta.url));

/** Carriers come a moment after the devices (net/core/link_watch.c). */
const SETTLING = { interval: 50, timeout: 5_000 };

let node: FaultNode;
const waiting: Victim[] = [];

beforeAll(async () => {
  node = await faultNode('wF-kill');
});

afterAll(async () => {
  for (const one of waiting) one.kill();
  await node?.[Symbol.asyncDispose]();
});

type Victim = ReturnType<typeof victim>;

/** A process that waits to be told what to do and at which step it dies. */
function victim() {
  const child = spawn(process.execPath, [CHILD, node.directory, join(node.directory, 'end.json')], {
    // starting is most of what it does
    env: { ...process.env, NODE_COMPILE_CACHE: join(node.directory, 'cache') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  // not `exit`: what it has written may arrive after that
  const ended = once(child, 'close');
  return {
    async run(line: string): Promise<string> {
      child.stdin.end(`${line}\n`);
      const [, signal] = (await ended) as [number | null, string | null];
      return signal ?? output;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Others start meanwhile. */
async function dying(what: 'apply' | 'recover', step: number): Promise<string> {
  while (waiting.length < 2) waiting.push(victim());
  return (waiting.shift() as Victim).run(`${what} ${step}`);
}

test('an engine that is killed leaves the start or the end, whichever step it was at', async () => {
  let tried = 0;
  for (; ; tried++) {
    const outcome = await dying('apply', tried);
    await using test = testEngine(node.directory);
    await recover(test.engine);
    expect(test.engine.status()).toMatchObject({ state: 'idle' });
    if (outcome !== 'SIGKILL') {
      expect(JSON.parse(outcome)).toMatchObject({ status: 'confirmed' });
      await expect.poll(() => node.state(test), SETTLING).toEqual(node.endState);
      await reach(test, node.start);
      break;
    }
    await expect
      .poll(() => node.state(test), { ...SETTLING, message: `after it was killed at step ${tried}` })
      .toEqual(node.startState);
  }
  console.log(`kill -9: ${tried} points of a plan of ${node.steps} steps`);
  expect(tried).toBeGreaterThanOrEqual(node.steps);
}, 1_200_000);

test.each([
  [200, 0, 0],
  [200, 30, 30],
  [150, 5, 60],
  [60, 40, 10],
])(
  'one that is killed at step %i, and at %i and %i of its recovery, too',
  async (apply, first, second) => {
    expect(await dying('apply', apply)).toBe('SIGKILL');
    expect(await dying('recover', first)).toBe('SIGKILL');
    expect(await dying('recover', second)).toBe('SIGKILL');
    await using test = testEngine(node.directory);
    await recover(test.engine);
    expect(test.engine.status()).toMatchObject({ state: 'idle' });
    await expect.poll(() => node.state(test), SETTLING).toEqual(node.startState);
  },
  60_000,
);
