// SPDX-License-Identifier: Apache-2.0
// Lists as lines of JSON: a full routing table out of the real agent, for readers of every kind.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STATE_KINDS } from '../../src/api/schemas/state.ts';
import { type AgentProcess, agentProcess } from '../helpers/agent-process.ts';
import { ask } from '../helpers/http-fixture.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { run, WEIR } from '../helpers/weir.ts';

const ROUTES = 100_000;
const LINES = { accept: 'application/x-ndjson' };
/** Seconds until the agent drops who does not read. */
const IDLE = 8;

let ns: TestNetns;
let agent: AgentProcess;

beforeAll(async () => {
  ns = await netns('wg-lines');
  const octets = (i: number) => `${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
  const routes = Array.from({ length: ROUTES }, (_, i) => `route add blackhole ${octets(i)}.0/24\n`);
  const make = [
    'link add up0 type veth peer name up1\n',
    'address add 192.0.2.1/24 dev up0\n',
    'link set up0 up\n',
    'link set up1 up\n',
    'nexthop add id 7 dev up0\n',
    'neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 nud permanent dev up0\n',
  ];
  execFileSync('ip', ['-n', ns.name, '-batch', '-'], { input: [...make, ...routes].join('') });
  agent = await agentProcess({
    netns: ns.name,
    args: ['--set', `http.limits.idleTimeoutSeconds=${IDLE}`],
  });
});

afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await ns?.[Symbol.asyncDispose]();
});

/** The items of a list as pages, put together. */
async function paged(path: string): Promise<unknown[]> {
  const items: unknown[] = [];
  for (let next: string | undefined = '0'; next !== undefined; ) {
    const page = (await ask(agent.to, `${path}?limit=10000&cursor=${next}`)).json;
    items.push(...(page['items'] as unknown[]));
    next = page['next'] as string | undefined;
  }
  return items;
}

/** Dumps that are under way in the namespace, by the kernel's own account. */
function dumps(): number {
  const [titles = '', ...rows] = readFileSync(`/proc/${agent.pid}/net/netlink`, 'utf8').trimEnd().split('\n');
  const column = titles.trim().split(/\s+/).indexOf('Dump');
  return rows.filter((row) => row.trim().split(/\s+/)[column] === '1').length;
}

/** Resident memory of the agent, in KiB. */
function memory(): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))?.[1]);
}

/** CPU time of the agent, in ticks. */
function busy(): number {
  const fields = readFileSync(`/proc/${agent.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Ask for the routes, take the first part, and read no further. */
async function stalledReader(): Promise<IncomingMessage> {
  const call = request({ ...agent.to, path: '/v1/state/routes', headers: LINES, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve).on('error', reject).end();
  });
  response.on('error', () => {});
  response.once('data', () => response.pause());
  return response;
}

test.each(STATE_KINDS)('%s as lines are those of the pages', async (kind) => {
  const { body, status } = await ask(agent.to, `/v1/state/${kind}`, { headers: LINES });
  expect(status).toBe(200);
  const items = body.split('\n');
  expect(items.pop()).toBe('');
  const still = (one: unknown) =>
    JSON.stringify(one, (key, value) => (key.endsWith('life_time') ? 0 : value));
  expect(items.map((line) => still(JSON.parse(line)))).toEqual((await paged(`/v1/state/${kind}`)).map(still));
  if (kind === 'routes') expect(items.length).toBeGreaterThan(ROUTES);
});

test('filters hold for lines too, and an empty list is an empty answer', async () => {
  const lines = async (query: string) =>
    (await ask(agent.to, `/v1/state/routes?${query}`, { headers: LINES })).body;
  expect((await lines('device=up0&family=inet&table=main')).split('\n')).toEqual([
    expect.stringContaining('"dst":"192.0.2.0/24"'),
    '',
  ]);
  expect(await lines('table=4242')).toBe('');
});

test('readers that stall cost no memory, hold up nobody, and are dropped', async () => {
  const readers = await Promise.all(Array.from({ length: 5 }, stalledReader));
  await expect.poll(dumps).toBe(readers.length);
  await delay(500);
  const [memoryThen, busyThen] = [memory(), busy()];
  await delay(1000);
  expect(busy() - busyThen).toBeLessThan(20);
  for (let i = 0; i < 5; i++) {
    expect((await ask(agent.to, '/v1/state/rules')).status).toBe(200);
    expect((await ask(agent.to, '/metrics')).status).toBe(200);
  }
  // the routes as text would be 60 MB
  expect(memory() - memoryThen).toBeLessThan(30_000);
  expect(dumps()).toBe(readers.length);
  await expect.poll(dumps, { timeout: 4 * IDLE * 1000 }).toBe(0);
  for (const reader of readers) reader.destroy();
});

test('`head` ends the list at once, and leaves no dump behind', async () => {
  const words = [...WEIR, '--socket', agent.to.socketPath, 'show', 'routes'];
  const { status, stdout, stderr } = await run([
    'bash',
    '-c',
    `set -o pipefail; "$@" | head -1`,
    'bash',
    ...words,
  ]);
  expect({ status, stdout: stdout.slice(0, 11), stderr }).toEqual({
    status: 0,
    stdout: 'DESTINATION',
    stderr: '',
  });
  await expect.poll(dumps).toBe(0);
});
