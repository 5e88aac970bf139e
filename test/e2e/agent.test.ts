// SPDX-License-Identifier: Apache-2.0
// The life of the real agent: how it starts, refuses to start, reloads, ends, and comes back after it was killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AgentProcess,
  type AgentProcessOptions,
  agentProcess,
  scratch,
} from '../helpers/agent-process.ts';
import { ask, openStream, raw } from '../helpers/http-fixture.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { type Ended, run, WEIR } from '../helpers/weir.ts';

let ns: TestNetns;
let directory: string;

beforeAll(async () => {
  ns = await netns('we-agent');
  directory = scratch();
});
afterAll(async () => {
  await ns?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const start = (options: Partial<AgentProcessOptions> = {}): Promise<AgentProcess> =>
  agentProcess({ netns: ns.name, ...options });

/** Run an agent that is expected to end by itself. */
function refused(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const files = ['--socket', `${directory}/sock`, '--state-dir', `${directory}/state`, '--listen', 'none'];
  const words = ['nsenter', `--net=/run/netns/${ns.name}`, ...WEIR, 'agent', ...files, ...args];
  return run(words, { WEIR_CONFIG: '/dev/null', ...env });
}

describe('an agent that cannot start', () => {
  const config = () => `${directory}/weir.yaml`;
  const cases: [name: string, args: () => readonly string[], env: Record<string, string>, message: RegExp][] =
    [
      ['an unknown flag', () => ['--sokcet', '/x'], {}, /unknown option '--sokcet'[\s\S]*--socket/],
      [
        'an unknown key',
        () => ['--config', config()],
        {},
        /weir\.yaml: document: .*"sokcet", did you mean "socket"\?/,
      ],
      [
        'a file that is not there',
        () => ['--config', '/nonexistent.yaml'],
        {},
        /\/nonexistent\.yaml: file: ENOENT/,
      ],
      ['an unknown setting', () => ['--set', 'log.levl=debug'], {}, /did you mean "log\.level"\?/],
      [
        'a variable with a wrong value',
        () => [],
        { WEIR_HTTP_LIMITS_CONNECTIONS: 'many' },
        /WEIR_HTTP_LIMITS_CONN/,
      ],
      [
        'an unknown collector',
        () => ['--set', 'metrics.enable=netdef'],
        {},
        /"netdef", did you mean "netdev"\?/,
      ],
      ['a pattern for everything and nothing', () => patterns('a', 'b'), {}, /include or exclude, not both/],
    ];
  const patterns = (include: string, exclude: string) => [
    '--set',
    `metrics.deviceInclude=${include}`,
    '--set',
    `metrics.deviceExclude=${exclude}`,
  ];

  it.each(cases)('because of %s says so and ends with 2', async (_name, args, env, message) => {
    writeFileSync(config(), 'sokcet: /x\n');
    const { status, stderr } = await refused(args(), env);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(existsSync(`${directory}/sock`)).toBe(false);
  });

  it('because of a token file that others can read says so', async () => {
    writeFileSync(`${directory}/tokens.yaml`, 'tokens: []\n', { mode: 0o644 });
    const { status, stderr } = await refused(['--set', `http.tokens=${directory}/tokens.yaml`]);
    expect(stderr).toMatch(/tokens\.yaml: file: mode 0644 lets others in/);
    expect(status).toBe(2);
  });

  it('because another one runs leaves that alone', async () => {
    await using agent = await start();
    const { status, stderr } = await refused(['--socket', agent.to.socketPath]);
    expect(stderr).toContain(`another agent already listens on ${agent.to.socketPath}`);
    expect(status).toBe(1);
    expect((await ask(agent.to, '/healthz')).status).toBe(200);
  });

  it('because a file is in the way leaves that alone', async () => {
    writeFileSync(`${directory}/file`, 'mine');
    const { status, stderr } = await refused(['--socket', `${directory}/file`]);
    expect(stderr).toContain('there is a file that is no socket');
    expect(status).toBe(1);
    expect(readFileSync(`${directory}/file`, 'utf8')).toBe('mine');
  });

  it('because its port is taken leaves no socket behind', async () => {
    await using agent = await start();
    const port = /"address":"127.0.0.1:(\d+)"/.exec(agent.log())?.[1];
    const { status, stderr } = await refused(['--listen', `127.0.0.1:${port}`]);
    expect(stderr).toMatch(/cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
    expect(status).toBe(1);
    expect(existsSync(`${directory}/sock`)).toBe(false);
  });
});

describe('a running agent', () => {
  it('comes back on the same socket after it was killed', async () => {
    const own = scratch();
    const first = await start({ directory: own });
    first.signal('SIGKILL');
    expect(await first.ended()).toBe('SIGKILL');
    expect(existsSync(`${own}/sock`)).toBe(true);
    const second = await start({ directory: own });
    expect((await ask(second.to, '/v1/node')).json).toMatchObject({ agent: { pid: second.pid } });
    await second[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    rmSync(own, { recursive: true, force: true });
  });

  it('ends cleanly on SIGTERM: streams are closed, the socket is gone, the exit code is 0', async () => {
    await using agent = await start();
    const stream = await openStream(agent.to, '/v1/events');
    agent.signal('SIGTERM');
    expect(await agent.ended()).toBe(0);
    expect(existsSync(agent.to.socketPath)).toBe(false);
    expect(agent.log()).toMatch(/"signal":"SIGTERM","msg":"stopping"[\s\S]*"msg":"stopped"/);
    stream.close();
  });

  it('lets only root and the group use its socket', async () => {
    await using agent = await start({ args: ['--set', 'group=nogroup', '--log-level', 'debug'] });
    const { mode, gid } = statSync(agent.to.socketPath);
    expect([mode & 0o777, gid]).toEqual([0o660, 65_534]);
    const as = (gids: string) =>
      run(['setpriv', '--reuid=65533', `--regid=${gids}`, '--clear-groups', ...client(agent)]);
    // The directory of a test is root's alone; that of the agent is open.
    await run(['chmod', '755', agent.directory]);
    expect((await as('65533')).stderr).toContain('EACCES');
    expect((await as('65534')).stdout).toContain('200');
    await expect.poll(() => agent.log()).toMatch(/"who":"uid 65533 pid \d+"/);
  });

  it('reads its settings anew on SIGHUP, and keeps the old ones when they are wrong', async () => {
    const config = `${directory}/reload.yaml`;
    writeFileSync(config, 'log: {level: info}\n');
    await using agent = await start({ args: ['--config', config] });
    writeFileSync(config, 'log: {level: loud}\n');
    agent.signal('SIGHUP');
    await expect.poll(() => agent.log()).toMatch(/not reloaded[^\n]*log.level: must be one of/);
    writeFileSync(config, 'log: {level: debug}\nmetrics: {budgets: {node_arp_entries: 7}}\n');
    agent.signal('SIGHUP');
    await expect.poll(() => agent.log()).toContain('settings reloaded');
    await expect.poll(() => agent.log()).toContain('taken up only at the next start: metrics.budgets"');
    await ask(agent.to, '/v1/node');
    await expect.poll(() => agent.log()).toMatch(/"level":"debug"[^\n]*"path":"\/v1\/node"/);
  });

  it('tells the service manager that it is ready, alive and stopping', async () => {
    const path = `${directory}/notify`;
    await using manager = await datagrams(path);
    await using agent = await start({ env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' } });
    await expect.poll(() => manager.received()).toContain('READY=1');
    await expect.poll(() => manager.received().split('WATCHDOG=1').length).toBeGreaterThan(3);
    agent.signal('SIGINT');
    expect(await agent.ended()).toBe(0);
    await expect.poll(() => manager.received()).toContain('STOPPING=1');
  });

  it('watches another namespace with no more rights than its unit grants', async () => {
    await using other = await netns('we-other');
    other.ip('link', 'add', 'far0', 'type', 'veth', 'peer', 'name', 'far1');
    const unit = readFileSync(new URL('../../packaging/weir.service', import.meta.url), 'utf8');
    const granted =
      /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.toLowerCase().replaceAll('cap_', '+') ?? '';
    const set = `-all,${granted.replaceAll(' ', ',')}`;
    const wrapper = ['setpriv', `--bounding-set=${set}`, '--inh-caps=-all', '--no-new-privs'];
    await using agent = await start({ wrapper, args: ['--set', `namespaces.watch=${other.name}`] });
    const { json } = await ask(agent.to, '/v1/node');
    expect(json).toMatchObject({ rights: { missing: [] } });
    expect((json['rights'] as { capabilities: string[] }).capabilities).not.toContain('CAP_SYS_PTRACE');
    const { body } = await ask(agent.to, '/metrics');
    expect(body).toContain(`weir_network_up{netns="${other.name}",device="far0"}`);
    expect(body).not.toMatch(
      /^node_scrape_collector_success\{collector="(netdev|netclass|netstat|conntrack)"\} 0/m,
    );
    const links = await ask(agent.to, `/v1/state/links?netns=${other.name}&device=far0`);
    expect(links.json['items']).toHaveLength(1);
  });

  it('says what it cannot do for lack of rights', async () => {
    const wrapper = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'];
    await using agent = await start({ wrapper });
    const { json } = await ask(agent.to, '/v1/node');
    expect(json).toMatchObject({ rights: { capabilities: [], missing: ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'] } });
    expect((json['degraded'] as string[]).join()).toContain('the agent lacks CAP_SYS_ADMIN');
    expect((await ask(agent.to, '/metrics')).body).toContain('node_network_receive_bytes_total{device="lo"}');
  });

  it('takes up namespaces that appear and lets go of those that vanish', async () => {
    await using agent = await start({
      args: ['--set', 'namespaces.discover=true', '--set', 'namespaces.include=we-come-.*'],
    });
    const names = async () =>
      ((await ask(agent.to, '/v1/namespaces')).json['items'] as { name: string }[]).map(({ name }) => name);
    expect(await names()).toEqual(['']);
    {
      await using come = await netns('we-come');
      await expect.poll(names, { timeout: 10_000 }).toEqual(['', come.name]);
      // The test would wait for the namespace to be gone, and the agent holds it until it looks again.
      come.ip('link', 'set', 'lo', 'down');
      await run(['ip', 'netns', 'del', come.name]);
      await expect.poll(names, { timeout: 10_000 }).toEqual(['']);
      await run(['ip', 'netns', 'add', come.name]);
    }
  });

  it('closes connections beyond its bound, and goes on', async () => {
    await using agent = await start({ args: ['--set', 'http.limits.connections=3'] });
    const streams = await Promise.all([1, 2, 3].map(() => openStream(agent.to, '/v1/events')));
    expect(await raw(agent.to, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')).toBe('');
    for (const stream of streams) stream.close();
    const healthy = async () => (await ask(agent.to, '/healthz').catch(() => ({ status: 0 }))).status;
    await expect.poll(healthy).toBe(200);
    expect(agent.log()).toContain('too many connections');
  });
});

/** A program that asks the agent and prints the status. */
function client(agent: AgentProcess): readonly string[] {
  const [node = ''] = WEIR;
  const code = `require('node:http').get({ socketPath: process.argv[1], path: '/v1/node' }, (r) => {
    console.log(r.statusCode); r.resume(); }).on('error', (e) => console.error(e.code))`;
  return [node, '-e', code, agent.to.socketPath];
}

/** What arrives at a Unix datagram socket; Node has none. */
async function datagrams(path: string): Promise<AsyncDisposable & { received(): string }> {
  const code = [
    'import socket, sys',
    's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
    's.bind(sys.argv[1])',
    'print("bound", flush=True)',
    'while True: print(s.recv(4096).decode(), flush=True)',
  ].join('\n');
  const child = spawn('python3', ['-c', code, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  await once(child.stdout, 'data');
  const ended = once(child, 'close');
  return {
    received: () => text,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}
