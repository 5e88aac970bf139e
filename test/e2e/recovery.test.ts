// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { KernelError } from '../../src/base/kernel-error.ts';
import { recover } from '../../src/engine/recovery.ts';
import { agentProcess, scratch } from '../helpers/agent-process.ts';
import { ask, network } from '../helpers/change-client.ts';
import { documentsIn, testEngine } from '../helpers/engine.ts';
import { netns } from '../helpers/netns.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };
const folders: string[] = [];
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-recovery-'));
  folders.push(directory);
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function cable(ns: string, ...addresses: readonly string[]) {
  const links = [{ name: 'v0', kind: 'veth', state: 'up', veth: { peer: 'v1' } }];
  const spec = { netns: ns, links, addresses: addresses.map((address) => ({ dev: 'v0', address })) };
  return documentsIn(JSON.stringify(network('cable', spec)));
}

test('a machine that starts gets back what was confirmed last', async () => {
  await using ns = await netns('wF-boot');
  {
    await using before = testEngine(directory, 'first boot');
    const one = { documents: cable(ns.name, '192.0.2.1/24'), prune: true };
    expect(await before.engine.apply(one, WISH, ASKER)).toMatchObject({ status: 'confirmed' });
    const two = { documents: cable(ns.name, '192.0.2.2/24'), prune: true };
    await before.engine.apply(two, { ...WISH, confirmSeconds: 60 }, ASKER);
  }
  ns.ip('link', 'del', 'v0');
  await using after = testEngine(directory, 'second boot');
  await recover(after.engine);
  expect(ns.ip('-4', 'addr', 'show', 'dev', 'v0')).toContain('192.0.2.1/24');
  expect(after.engine.status()).toMatchObject({ state: 'idle' });
  expect(after.engine.status().problem).toBeUndefined();
});

test('a revision that the kernel refuses after a start makes way for the one before', async () => {
  await using ns = await netns('wF-boot');
  {
    await using before = testEngine(directory, 'first boot');
    await before.engine.apply({ documents: cable(ns.name, '192.0.2.1/24'), prune: true }, WISH, ASKER);
    const more = { documents: cable(ns.name, '192.0.2.1/24', '192.0.2.2/24'), prune: true };
    await before.engine.apply(more, WISH, ASKER);
  }
  ns.ip('link', 'del', 'v0');
  await using after = testEngine(directory, 'second boot');
  let step = 0;
  after.beforeStep = () => {
    if (++step === 3) throw new KernelError('injected', 5, 'EIO');
  };
  await recover(after.engine);
  const addresses = ns.ip('-4', 'addr', 'show', 'dev', 'v0');
  expect(addresses).toContain('192.0.2.1/24');
  expect(addresses).not.toContain('192.0.2.2/24');
  expect(after.engine.status().problem).toMatch(/revision 2 could not be applied.*EIO.*revision 1 holds/);
});

test('an agent whose journal is broken observes, says so, and changes nothing', async () => {
  await using ns = await netns('wF-boot');
  const state = scratch();
  folders.push(state);
  writeFileSync(join(state, 'journal.db'), 'this is no journal, and long enough to be looked at');
  await using agent = await agentProcess({ netns: ns.name, args: ['--state-dir', state] });
  const info = await ask(agent.to.socketPath, 'GET', '/v1/node');
  expect(JSON.stringify(info.body)).toContain('journal.db');
  const refused = await ask(agent.to.socketPath, 'POST', '/v1/apply', { documents: [] });
  expect(refused).toMatchObject({ status: 500, body: { code: 'JOURNAL' } });
});
