// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KernelError } from '../../src/base/kernel-error.ts';
import { recover } from '../../src/engine/recovery.ts';
import { documentsIn, type TestEngine, testEngine } from '../helpers/engine.ts';
import { endDocument, makeForeign, shown, startDocument } from '../helpers/many-steps.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };
const CHILD = fileURLToPath(new URL('../helpers/engine-main.ts', import.meta.url));

let ns: TestNetns;
let directory: string;
let start: unknown;
let end: readonly ReturnType<typeof documentsIn>[number][];
let steps: number;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-fault-'));
  ns = await netns('wF-fault');
  makeForeign(ns);
  await using test = testEngine(directory);
  const documents = documentsIn(startDocument(ns.name));
  const report = await test.engine.apply({ documents, prune: true }, WISH, ASKER);
  expect(report).toMatchObject({ status: 'confirmed' });
  start = await state(test);
  end = documentsIn(endDocument(ns.name));
  writeFileSync(join(directory, 'end.json'), endDocument(ns.name));
  const { plan } = await test.engine.plan({ documents: end, prune: true }, ASKER);
  steps = plan.actions.length;
});

afterAll(async () => {
  await ns[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** What iproute2 and Weir's own reader see. */
async function state({ reader }: TestEngine): Promise<unknown> {
  const own = await reader.read({ netns: ns.name, keys: new Map(), all: true });
  const objects = [...own.values()].map(({ id, spec }) => JSON.stringify([id, spec], withoutChance));
  return { shown: shown(ns), objects: objects.sort() };
}

/** A new device has a new address of its own. */
function withoutChance(key: string, value: unknown): unknown {
  return key === 'address' && typeof value === 'string' && /^(..:){5}..$/.test(value) ? undefined : value;
}

test('a step that the kernel refuses leaves everything as it was, whichever it is', async () => {
  await using test = testEngine(directory);
  let tried = 0;
  for (let failing = 0; ; failing++) {
    let step = 0;
    test.beforeStep = () => {
      if (step++ === failing) throw new KernelError('injected', 5, 'EIO');
    };
    const report = await test.engine.apply({ documents: end, prune: true }, WISH, ASKER);
    if (report.status === 'confirmed') break;
    expect(report).toMatchObject({ status: 'rolled-back', error: expect.stringContaining('EIO') });
    expect(await state(test)).toEqual(start);
    tried++;
  }
  console.log(`kernel errors: ${tried} points of a plan of ${steps} steps`);
  expect(tried).toBeGreaterThanOrEqual(steps);
  expect(steps).toBeGreaterThanOrEqual(200);
  test.beforeStep = () => {};
  const back = await test.engine.apply(
    { documents: documentsIn(startDocument(ns.name)), prune: true },
    WISH,
    ASKER,
  );
  expect(back.status).toBe('confirmed');
  expect(await state(test)).toEqual(start);
}, 300_000);

/** A process that waits for the number of its last step. */
function victim() {
  const child = spawn(process.execPath, [CHILD, directory, join(directory, 'end.json')], {
    // starting is most of what it does
    env: { ...process.env, NODE_COMPILE_CACHE: join(directory, 'cache') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const ended = once(child, 'exit');
  return {
    async run(line: string): Promise<string> {
      child.stdin.end(`${line}\n`);
      const [, signal] = (await ended) as [number | null, string | null];
      return signal ?? output;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

test('an engine that is killed leaves the start or the end, whichever step it was at', async () => {
  let tried = 0;
  const waiting = [victim(), victim(), victim()];
  try {
    for (let deadly = 0; ; deadly++) {
      waiting.push(victim());
      const outcome = await (waiting.shift() as ReturnType<typeof victim>).run(`${deadly}`);
      await using test = testEngine(directory);
      await recover(test.engine);
      if (outcome !== 'SIGKILL') {
        expect(JSON.parse(outcome)).toMatchObject({ status: 'confirmed' });
        break;
      }
      expect(test.engine.status()).toMatchObject({ state: 'idle' });
      expect(await state(test)).toEqual(start);
      tried++;
    }
  } finally {
    for (const one of waiting) one.kill();
  }
  console.log(`kill -9: ${tried} points of a plan of ${steps} steps`);
  expect(tried).toBeGreaterThanOrEqual(steps);
}, 300_000);
