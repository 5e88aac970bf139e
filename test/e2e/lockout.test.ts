// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, agentProcess, scratch } from '../helpers/agent-process.ts';
import { apply, ask, changeStatus, network } from '../helpers/change-client.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { reaches, tcpServer } from '../helpers/tcp-path.ts';

const NODE = '192.0.2.1';
const FAR = '203.0.113.1';
/** Seconds that a change waits for its confirmation. */
const CONFIRM = 3;

let node: TestNetns;
let client: TestNetns;
let server: AsyncDisposable;
let directory: string;
let agent: AgentProcess;

beforeAll(async () => {
  directory = scratch();
  node = await netns('wF-node');
  client = await netns('wF-client');
  node.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'c0', 'netns', client.name);
  node.ip('addr', 'add', `${NODE}/24`, 'dev', 'up0');
  node.ip('link', 'set', 'up0', 'up');
  client.ip('addr', 'add', '192.0.2.2/24', 'dev', 'c0');
  client.ip('addr', 'add', `${FAR}/32`, 'dev', 'lo');
  client.ip('link', 'set', 'c0', 'up');
  // the client also comes from behind a route that the kernel drops with the device
  node.ip('route', 'add', `${FAR}/32`, 'via', '192.0.2.2');
  server = await tcpServer(node.name);
  agent = await agentProcess({ netns: node.name, directory });
});

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  node.ip('link', 'del', 'up0');
  await client[Symbol.asyncDispose]();
  await node[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** Documents that cut the way by which the client came, each in its own manner. */
const CUTS = {
  'the device is set down': { links: [{ name: 'up0', state: 'down' }] },
  'everything to the client is dropped': { routes: [{ type: 'blackhole', dst: '192.0.2.2/32' }] },
};

async function backWithin(seconds: number): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await delay(100))
    if (reaches(client.name, NODE)) return true;
  return false;
}

function farRoute(): unknown {
  return JSON.parse(node.ip('-j', 'route', 'show', `${FAR}/32`));
}

test.each(Object.entries(CUTS))('nobody is locked out when %s', async (name, spec) => {
  const far = farRoute();
  expect(reaches(client.name, NODE)).toBe(true);
  const report = await apply(agent.to.socketPath, [network('cut', spec)], {
    confirmSeconds: CONFIRM,
    probes: ['none'],
  });
  expect(report.status, name).toBe('unconfirmed');
  expect(reaches(client.name, NODE)).toBe(false);
  expect(await backWithin(CONFIRM + 2)).toBe(true);
  expect(farRoute()).toEqual(far);
  expect(await changeStatus(agent.to.socketPath)).toMatchObject({ state: 'idle', revision: 0 });
});

test.each(Object.entries(CUTS))('nor when %s and the agent is killed', async (_name, spec) => {
  const far = farRoute();
  await apply(agent.to.socketPath, [network('cut', spec)], { confirmSeconds: 60, probes: ['none'] });
  expect(reaches(client.name, NODE)).toBe(false);
  agent.signal('SIGKILL');
  await agent[Symbol.asyncDispose]();
  expect(reaches(client.name, NODE)).toBe(false);
  agent = await agentProcess({ netns: node.name, directory });
  expect(await backWithin(2)).toBe(true);
  expect(farRoute()).toEqual(far);
  expect(await changeStatus(agent.to.socketPath)).toMatchObject({ state: 'idle', revision: 0 });
});

test('the way of whoever asks is probed, and a change that cuts it is undone at once', async () => {
  const answer = await ask(agent.to.socketPath, 'POST', '/v1/apply', {
    documents: [network('cut', CUTS['the device is set down'])],
    peer: '192.0.2.2',
    confirmSeconds: 60,
  });
  expect(JSON.stringify(answer.body)).toContain('192.0.2.2');
  expect(await changeStatus(agent.to.socketPath)).toMatchObject({ state: 'idle', revision: 0 });
  expect(await backWithin(2)).toBe(true);
});
