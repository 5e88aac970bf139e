// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { type TestLab, testLab } from '../helpers/lab.ts';
import { testTerminal } from '../helpers/tmux.ts';
import { run, type TestAgent, testAgent, WEIR, weir } from '../helpers/weir.ts';

const ROUTES = 3000;

let lab: TestLab;
let agent: TestAgent;

beforeAll(async () => {
  lab = await testLab('wf');
  const add = Array.from({ length: ROUTES }, (_, i) => `10.9.${i >> 8}.${i & 255}`);
  lab.exec(
    'gateway',
    'sh',
    '-c',
    `for to in ${add.join(' ')}; do echo route add $to via 10.77.0.11; done | ip -batch -`,
  );
  lab.exec(
    'gateway',
    'tc',
    'qdisc',
    'add',
    'dev',
    'wan0',
    'root',
    'tbf',
    'rate',
    '1mbit',
    'burst',
    '32k',
    'latency',
    '50ms',
  );
  lab.exec('gateway', 'ip', 'nexthop', 'add', 'id', '7', 'via', '10.77.0.12', 'dev', 'br0');
  await duplicateAddressDetection();
  lab.exec('client', 'ping', '-c', '1', '-W', '5', '10.77.0.11');
  const flags = [
    'namespaces.discover=false',
    `namespaces.watch=${lab.netns('client')},${lab.netns('edge1')}`,
  ];
  agent = await testAgent(lab.netns('gateway'), ...flags.flatMap((flag) => ['--set', flag]));
});
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** What the API itself says. */
async function api(path: string): Promise<{ items: unknown[] }> {
  const body = await new Promise<string>((resolve, reject) => {
    const call = request({ socketPath: agent.socket, path }, (response) => resolve(text(response)));
    call.on('error', reject).end();
  });
  return JSON.parse(body) as { items: unknown[] };
}

/** Counters and timers move between two readings. */
const MOVING = /^(packets|bytes|overlimits|(valid|preferred)_life_time|expires|fdb_n_learned|.*_timer)$/;

/** What stands still. A neighbour's state moves too. */
function steady(items: unknown): unknown {
  const keep = (key: string, value: unknown) =>
    MOVING.test(key) || (key === 'state' && Array.isArray(value)) ? undefined : value;
  return JSON.parse(JSON.stringify(items, keep));
}

/** Until the link-local addresses are the node's own for good: their flags change at that moment. */
async function duplicateAddressDetection(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (!lab.exec('gateway', 'ip', 'addr').includes('tentative')) return;
    await delay(100);
  }
}

test.each(['links', 'addresses', 'routes', 'rules', 'neighbours', 'nexthops', 'qdiscs'])(
  'show %s is what the API says, in JSON, YAML and as a table',
  async (object) => {
    const { items } = await api(`/v1/state/${object}?limit=10000`);
    expect(items.length).toBeGreaterThan(0);
    const json = await agent.weir('show', object, '-o', 'json');
    expect(json).toMatchObject({ status: 0, stderr: '' });
    expect(steady(JSON.parse(json.stdout))).toEqual(steady(items));
    const yaml = await agent.weir('show', object, '-o', 'yaml');
    expect(steady(parseYaml(yaml.stdout))).toEqual(steady(items));
    const table = await agent.weir('show', object);
    expect(table.stdout.trimEnd().split('\n')).toHaveLength(items.length + 1);
    expect(table.stdout).not.toContain('\u001b');
  },
);

test('filters by device, family, table and namespace', async () => {
  const list = async (...args: readonly string[]) =>
    JSON.parse((await agent.weir('show', ...args, '-o', 'json')).stdout) as Record<string, unknown>[];
  expect((await list('links', '--dev', 'br0')).map((link) => link['ifname'])).toEqual(['br0']);
  const routes = await list('routes', '--table', 'main', '--family', 'inet');
  expect(routes.length).toBeGreaterThan(ROUTES);
  expect(new Set(routes.map((route) => route['table']))).toEqual(new Set(['main']));
  expect((await list('links', '--netns', lab.netns('client'))).map((link) => link['ifname'])).toEqual([
    'lo',
    'eth0',
  ]);
  expect((await list('namespaces')).map((one) => one['name'])).toEqual(
    expect.arrayContaining(['', lab.netns('client'), lab.netns('edge1')]),
  );
});

test('status, doctor and version answer', async () => {
  expect((await agent.weir('status')).stdout).toMatch(/state +ready\n.*namespaces +3,/s);
  const status = JSON.parse((await agent.weir('status', '-o', 'json')).stdout) as { agent: { pid: number } };
  expect(status.agent.pid).toBe(agent.pid);
  const doctor = await agent.weir('doctor', '-o', 'json');
  expect(doctor.status).toBe(0);
  const checks = JSON.parse(doctor.stdout) as { name: string; result: string }[];
  expect(checks).toContainEqual(expect.objectContaining({ name: 'agent', result: 'ok' }));
  expect(checks.filter((check) => check.result === 'failure')).toEqual([]);
});

test.each([
  [['show', 'links', '--dev', 'wna0'], 1, 'did you mean "wan0"'],
  [['show', 'links', '--netns', 'nowhere'], 1, 'nowhere'],
  [['show', 'routes', '--table', 'no-such-table'], 1, 'no-such-table'],
  [['show', 'linsk'], 2, 'links'],
  [['show', 'links', '--netsn', 'x'], 2, '--netns'],
  [['statsu'], 2, 'status'],
  [['agent', '--no-such-flag'], 2, '--no-such-flag'],
  [['agent', '--set', 'log.levl=info'], 2, 'did you mean "log.level"'],
  [['--socket', '/nonexistent/weir.sock', 'status'], 1, 'no agent answers on /nonexistent/weir.sock'],
] as const)('%j ends with %d and says why', async (args, status, message) => {
  const ended = await agent.weir(...args);
  expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status, stdout: '' });
  expect(ended.stderr).toContain(message);
  expect(ended.stderr).not.toMatch(/^ {4}at /m);
});

test('a reader that goes away ends show quietly', async () => {
  const words = [...WEIR, '--socket', agent.socket, 'show', 'routes'].join(' ');
  const ended = await run(['bash', '-c', `${words} | head -n 2; echo "\${PIPESTATUS[0]}"`]);
  expect(ended.stderr).toBe('');
  expect(ended.stdout.split('\n')).toHaveLength(4);
  expect(ended.stdout).toMatch(/^DESTINATION .*\n.*\n0\n$/);
});

test('completion knows devices of every namespace and the namespaces', async () => {
  const names = async (kind: string) =>
    (await agent.weir('completion', '--names', kind)).stdout.trim().split('\n');
  expect(await names('devices')).toEqual(expect.arrayContaining(['wan0', 'lan0', 'eth0', 'lo']));
  expect((await names('namespaces')).sort()).toEqual([lab.netns('client'), lab.netns('edge1')].sort());
});

test('colours go to a terminal, and not where they are not wanted', async () => {
  await using terminal = await testTerminal(120, 24);
  const words = [...WEIR, '--socket', agent.socket, 'show', 'links'].join(' ');
  for (const [line, coloured] of [
    [words, true],
    [`${words} | cat`, false],
    [`NO_COLOR=1 ${words}`, false],
    [`TERM=dumb ${words}`, false],
    [`${words} --no-color`, false],
  ] as const) {
    await terminal.start(`${line}; echo "<$?>"`);
    const screen = await terminal.until(/^<\d>/m);
    expect(screen).toMatch(/^INDEX +DEVICE.*br0.*^<0>/ms);
    expect(terminal.screen(true).includes('\u001b[32mUP'), line).toBe(coloured);
    terminal.line('clear');
    await terminal.until((now) => !now.includes('INDEX'));
  }
});

test.each([['--help'], ['version'], ['show', 'links'], ['show', 'links', '-o', 'json']])(
  'what cannot be written is an error, and no crash: %s',
  async (...words) => {
    const line = [...WEIR, '--socket', agent.socket, ...words].join(' ');
    const ended = await run(['sh', '-c', `${line} > /dev/full`]);
    expect(ended).toMatchObject({ status: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^weir: cannot write to the standard output: ENOSPC[^\n]*\n$/);
  },
);

test('bin/weir runs from anywhere, through links', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bin-'));
  symlinkSync(fileURLToPath(new URL('../../bin/weir', import.meta.url)), join(folder, 'real'));
  symlinkSync('real', join(folder, 'weir'));
  const [linked, direct] = [
    await run([join(folder, 'weir'), 'version', '-o', 'json']),
    await weir('version', '-o', 'json'),
  ];
  rmSync(folder, { recursive: true });
  expect(linked).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(linked.stdout)).toEqual(JSON.parse(direct.stdout));
});
