// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { WeirError } from '../base/errors.ts';
import { connectAgent } from './client.ts';
import type { CliDeps } from './deps.ts';
import { runCli } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-cli-'));
const socket = join(folder, 'weir.sock');

const LINKS = [
  { ifindex: 1, ifname: 'lo', flags: ['UP'], mtu: 65536, qdisc: 'noqueue', operstate: 'UNKNOWN' },
  { ifindex: 2, ifname: 'eth0', flags: ['UP'], mtu: 1500, qdisc: 'tbf', operstate: 'UP', link_index: 7 },
];
const ROUTES = Array.from({ length: 25_000 }, (_, i) => ({
  dst: `10.${(i >> 8) & 255}.${i & 255}.0/24`,
  type: 'unicast',
  table: 'main',
  protocol: 'static',
  scope: 'global',
  flags: [],
}));
const NODE = {
  node: 'edge-7',
  agent: { version: '0.1.0', pid: 42, started: Date.now() - 60_000, mode: 'observe' },
  kernel: { release: '6.18.0', version: '#1', machine: 'x86_64' },
  listeners: [{ address: socket, access: 'everything' }],
  rights: { uid: 0, capabilities: [], missing: ['CAP_BPF'] },
  features: [{ name: 'netdev queues', supported: false, reason: 'needs Linux 6.7' }],
  degraded: ['no conntrack counters: nf_conntrack is not loaded'],
  namespaces: [{ name: '', inode: 1, links: 2, synchronised: true, resynchronisations: 0 }],
};

/** How often the table that moves only once was asked for. */
let moves = 0;

/** A stand-in for the agent: what the command line does with answers, good ones and bad ones. */
function answer(url: URL, response: ServerResponse): void {
  const json = (value: unknown, status = 200) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  const unknown = {
    code: 'NOT_FOUND',
    status: 404,
    detail: 'no device named "eht0", did you mean "eth0"?',
  };
  const lines = (...values: readonly unknown[]) =>
    response
      .writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' })
      .end(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  if (url.pathname === '/v1/state/links')
    return void (url.searchParams.get('device') === 'eht0' ? json(unknown, 404) : lines(...LINKS));
  if (url.pathname === '/v1/state/routes') {
    const interrupted = { code: 'DUMP_INTERRUPTED', detail: 'the kernel changed' };
    if (url.searchParams.get('table') === 'moving') return void lines(...ROUTES, { error: interrupted });
    if (url.searchParams.get('table') === 'moved' && ++moves === 1)
      return void lines(...LINKS, { error: interrupted });
    return void lines(...ROUTES);
  }
  if (url.pathname === '/v1/state/addresses') {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    return void response.end(`${JSON.stringify(LINKS[0])}\n{"ifname":`);
  }
  if (url.pathname === '/v1/state/neighbours') {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    return void response.write(`${JSON.stringify(LINKS[0])}\n`, () => response.destroy());
  }
  if (url.pathname === '/v1/node') return void json(NODE);
  if (url.pathname === '/v1/namespaces') return void json({ items: NODE.namespaces });
  if (url.pathname === '/v1/state/rules') return void response.writeHead(200).end('<html>');
  if (url.pathname === '/v1/state/qdiscs')
    return void response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy());
  json({ code: 'FROM_THE_FUTURE', detail: 'something new' }, 418);
}

let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => answer(new URL(request.url ?? '', 'http://weir'), response));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Run a command line against the stand-in. */
async function weir(...args: readonly string[]): Promise<Ran> {
  return run(['--socket', socket, ...args]);
}

async function run(args: readonly string[], deps: Partial<CliDeps> = {}): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const [out, err] = [text(stdout), text(stderr)];
  const none = () => Promise.reject(new Error('not in this test'));
  const code = await runCli(
    {
      version: '0.1.0',
      env: {},
      stdin: process.stdin,
      stdout: stdout as unknown as CliDeps['stdout'],
      stderr,
      runAgent: none,
      lab: { up: none, down: none, status: none, exec: none },
      uninstall: none,
      ...deps,
    },
    args,
  );
  stdout.end();
  stderr.end();
  return { code, out: await out, err: await err };
}

test.each([
  [['stauts'], /unknown command 'stauts'.*status/s],
  [['show', 'linsk'], /unknown command 'linsk'.*links/s],
  [['show', 'links', '--devv', 'x'], /unknown option '--devv'.*--dev/s],
  [['show', 'rules', '--dev', 'x'], /unknown option '--dev'/],
  [['-o', 'jsn', 'status'], /'jsn' is invalid.*table, json, yaml/],
  [['show', 'links', 'extra'], /too many arguments/],
  [['show', 'addresses', '--family', 'ipv4'], /'ipv4' is invalid.*inet, inet6/],
  [['top', '--interval', '0'], /interval.*'0' is invalid/],
  [['top', '--sort', 'colour'], /'colour' is invalid.*rate, rx, tx/],
  [['top'], /needs a terminal/],
  [['completion', 'tcsh'], /'tcsh' is invalid.*bash, zsh, fish/],
  [['completion'], /name a shell/],
  [['lab', 'exec'], /missing required argument 'node'/],
  [['show'], /Usage: weir show <object>/],
  [[], /Usage: weir/],
])('%j is a usage error', async (args, message) => {
  const { code, out, err } = await weir(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(message);
});

test('help and version are no errors', async () => {
  for (const args of [
    ['--help'],
    ['help', 'show'],
    ['show', 'routes', '--help'],
    ['--version'],
    ['version'],
  ]) {
    const { code, err } = await weir(...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  }
  expect(JSON.parse((await weir('version', '-o', 'json')).out)).toMatchObject({ weir: '0.1.0' });
});

test('an unknown device is told in the words of the agent', async () => {
  const { code, out, err } = await weir('show', 'links', '--dev', 'eht0');
  expect({ code, out, err }).toEqual({
    code: 1,
    out: '',
    err: 'weir: no device named "eht0", did you mean "eth0"?\n',
  });
});

test('an agent that is not there is told with what to do', async () => {
  const missing = await run(['--socket', join(folder, 'none'), 'status']);
  expect(missing.code).toBe(1);
  expect(missing.err).toMatch(/no agent answers on .*none: .*start an agent/);
  const byVariable = await run(['status'], { env: { WEIR_SOCKET: join(folder, 'other') } });
  expect(byVariable.err).toContain('other');
  const refused = await run(['--socket', join(folder), 'status']);
  expect(refused.code).toBe(1);
});

test('lists are the items of the API in JSON and YAML, however long', async () => {
  expect(JSON.parse((await weir('show', 'links', '-o', 'json')).out)).toEqual(LINKS);
  expect(parseYaml((await weir('show', 'links', '-o', 'yaml')).out)).toEqual(LINKS);
  expect(JSON.parse((await weir('show', 'routes', '-o', 'json')).out)).toEqual(ROUTES);
  expect(JSON.parse((await weir('show', 'namespaces', '-o', 'json')).out)).toEqual(NODE.namespaces);
});

test('tables are aligned and whole', async () => {
  const links = await weir('show', 'links');
  expect(links.out.split('\n').map((line) => line.trimEnd())).toEqual([
    'INDEX  DEVICE    KIND  STATE      MTU  MASTER  QDISC    ADDRESS  FLAGS',
    '    1  lo        -     UNKNOWN  65536  -       noqueue  -        UP',
    '    2  eth0@if7  -     UP        1500  -       tbf      -        UP',
    '',
  ]);
  expect((await weir('show', 'routes')).out.split('\n')).toHaveLength(ROUTES.length + 2);
});

test('status and doctor say what is wrong', async () => {
  const status = await weir('status');
  expect(status.out).toMatch(/node +edge-7\nstate +ready\n.*degraded +no conntrack counters/s);
  const doctor = await weir('doctor');
  expect(doctor.code).toBe(0);
  expect(doctor.out).toMatch(/rights +warning +missing CAP_BPF/);
  expect(doctor.out).toMatch(/kernel: netdev queues +warning +needs Linux 6\.7/);
  const absent = await run(['--socket', join(folder, 'none'), 'doctor', '-o', 'json']);
  expect(absent.code).toBe(1);
  expect(JSON.parse(absent.out)).toContainEqual(
    expect.objectContaining({ name: 'agent', result: 'failure' }),
  );
});

test('answers that make no sense are errors, not crashes', async () => {
  for (const list of ['rules', 'qdiscs', 'nexthops', 'addresses', 'neighbours']) {
    const { code, err } = await weir('show', list);
    expect(code).toBe(1);
    expect(err).toMatch(/^weir: .*(answered 200|broke off|something new|no JSON)/);
  }
});

test('a list that the agent cannot end is an error, or asked for again while nothing was printed', async () => {
  const moving = await weir('show', 'routes', '--table', 'moving', '-o', 'json');
  expect(moving).toMatchObject({ code: 1, err: 'weir: the kernel changed\n' });
  expect(moving.out).toContain(ROUTES[0]?.dst);
  const moved = await weir('show', 'routes', '--table', 'moved', '-o', 'json');
  expect(moves).toBe(2);
  expect(moved).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(moved.out)).toEqual(ROUTES);
});

test('a socket where something else listens is an error', async () => {
  const path = join(folder, 'garbage.sock');
  const garbage = createNetServer((connection) => connection.end('hello\r\n\r\n'));
  await new Promise<void>((resolve) => garbage.listen(path, resolve));
  const { code, err } = await run(['--socket', path, 'status']);
  garbage.close();
  expect(code).toBe(1);
  expect(err).toMatch(/no agent answers on/);
});

test('problems become errors with the same code', async () => {
  const agent = connectAgent(socket);
  await expect(agent.get('/v1/state/links', { device: 'eht0' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(agent.get('/nowhere')).rejects.toBeInstanceOf(WeirError);
  agent.close();
});

test('flags reach the agent, and only those that were given', async () => {
  const seen: unknown[] = [];
  const runAgent = async (options: unknown) => {
    seen.push(options);
    return 3;
  };
  const first = await run(
    ['agent', '--socket', '/s', '--set', 'a=1', '--set', 'b=2', '--log-level', 'warn'],
    { runAgent },
  );
  const second = await run(['agent'], { runAgent });
  expect([first.code, second.code]).toEqual([3, 3]);
  expect(seen).toEqual([{ socket: '/s', set: ['a=1', 'b=2'], logLevel: 'warn' }, {}]);
});

test('completion names come from the agent', async () => {
  expect((await weir('completion', '--names', 'namespaces')).out).toBe('');
  expect((await weir('completion', '--names', 'devices')).code).toBe(1);
});

test('a reader that goes away ends the command quietly', async () => {
  const stdout = new PassThrough({ highWaterMark: 16 });
  setImmediate(() => stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })));
  const { code, err } = await run(['--socket', socket, 'show', 'routes'], {
    stdout: stdout as unknown as CliDeps['stdout'],
  });
  expect({ code, err }).toEqual({ code: 0, err: '' });
});
