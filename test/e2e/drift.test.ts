// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, agentProcess, scratch } from '../helpers/agent-process.ts';
import { apply, ask, changeStatus, network } from '../helpers/change-client.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

let node: TestNetns;
let directory: string;
let agent: AgentProcess;

beforeAll(async () => {
  directory = scratch();
  node = await netns('wF-drift');
  node.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  for (const dev of ['v0', 'v1']) node.ip('link', 'set', dev, 'up');
  agent = await agentProcess({ netns: node.name, directory });
  const report = {
    drift: 'report',
    addresses: [
      { dev: 'v0', address: '192.0.2.1/24' },
      { dev: 'lo', address: '10.0.0.1/32' },
    ],
  };
  const route = (dst: string) => ({ dst, gateway: '192.0.2.2', dev: 'v0' });
  const restore = { drift: 'restore', routes: [route('198.51.100.0/24'), route('198.51.101.0/24')] };
  const cable = {
    drift: 'restore',
    links: [
      { name: 'plug0', kind: 'veth', state: 'up', veth: { peer: 'plug1' } },
      { name: 'plug1', kind: 'veth', state: 'up', veth: { peer: 'plug0' } },
    ],
    addresses: [{ dev: 'plug0', address: '203.0.114.1/24' }],
  };
  const options = { confirmSeconds: 0, probes: ['none'] };
  const documents = [network('reported', report), network('restored', restore), network('cable', cable)];
  expect(await apply(agent.to.socketPath, documents, options)).toMatchObject({ status: 'confirmed' });
});

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await node[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

async function eventually<T>(look: () => Promise<T> | T, wanted: (seen: T) => boolean): Promise<T> {
  for (let left = 100; ; left--) {
    const seen = await look();
    if (wanted(seen) || left === 0) return seen;
    await delay(100);
  }
}

const drift = async () => (await changeStatus(agent.to.socketPath)).drift;
const routes = () => node.ip('route', 'show', '198.51.100.0/24');

test('what somebody else changed is told, and told again when it is as declared', async () => {
  node.ip('addr', 'del', '10.0.0.1/32', 'dev', 'lo');
  const seen = await eventually(drift, (items) => items.some(({ policy }) => policy === 'report'));
  expect(seen).toMatchObject([
    { id: 'address 10.0.0.1/32 dev lo', policy: 'report', action: { op: 'create' } },
  ]);
  node.ip('addr', 'add', '10.0.0.1/32', 'dev', 'lo');
  expect(await eventually(drift, (items) => items.length === 0)).toEqual([]);
});

test('what a document wants restored is restored, and foreign routes are left alone', async () => {
  node.ip('route', 'add', '203.0.113.0/24', 'dev', 'v0');
  node.ip('route', 'del', '198.51.100.0/24');
  expect(await eventually(routes, (text) => text !== '')).toContain('via 192.0.2.2');
  expect(node.ip('route', 'show', '203.0.113.0/24')).not.toBe('');
  expect(await eventually(drift, (items) => items.length === 0)).toEqual([]);
});

test('what is restored is judged by itself, whatever else stands beside it', async () => {
  node.ip('addr', 'del', '203.0.114.1/24', 'dev', 'plug0');
  node.ip('link', 'set', 'plug0', 'down');
  const shown = () => node.ip('-br', 'addr', 'show', 'dev', 'plug0');
  expect(await eventually(shown, (text) => text.includes('203.0.114.1/24'))).toMatch(
    /UP .*203\.0\.114\.1\/24/,
  );
  expect(await eventually(drift, (items) => items.length === 0)).toEqual([]);
  const { body } = await ask(agent.to.socketPath, 'GET', '/v1/revisions');
  const { items } = body as { items: readonly { state: string }[] };
  expect(items.map(({ state }) => state)).not.toContain('rolled-back');
});

test('what goes without a word, and cannot be restored at once, is restored later', async () => {
  node.ip('addr', 'del', '192.0.2.1/24', 'dev', 'v0');
  expect(routes()).toBe('');
  await eventually(drift, (items) => items.length === 3);
  node.ip('addr', 'add', '192.0.2.1/24', 'dev', 'v0');
  expect(await eventually(routes, (text) => text !== '')).toContain('via 192.0.2.2');
  expect(await eventually(drift, (items) => items.length === 0)).toEqual([]);
});

test('somebody who changes it again and again wins in the end', async () => {
  const fought = () => node.ip('route', 'show', '198.51.101.0/24');
  let fights = 0;
  for (; fights < 20; fights++) {
    node.ip('route', 'del', '198.51.101.0/24');
    if ((await eventually(fought, (text) => text !== '')) === '') break;
  }
  expect(fights).toBeGreaterThanOrEqual(3);
  expect(fights).toBeLessThan(10);
  expect(await drift()).toMatchObject([{ policy: 'restore' }]);
  expect(agent.log()).toContain('again and again');
});
