// SPDX-License-Identifier: Apache-2.0
// Trials on real traffic: what helps is kept, what hurts or does nothing is not, and nobody has to wait for the end.
import { expect, test } from 'vitest';
import type { TrialList, TrialReport } from '../../src/api/schemas/advice.ts';
import { python, until } from '../helpers/advice.ts';
import { ask } from '../helpers/change-client.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { testAgent } from '../helpers/weir.ts';

const TRIALS = '/v1/tuning/trials';
const OWN = ['--set', 'namespaces.discover=false'];

/** A namespace of the agent with a far end: 10.9.0.1 and 10.9.0.2. */
async function joined(near: TestNetns, far: TestNetns): Promise<void> {
  near.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v0', 'netns', far.name);
  for (const [ns, address] of [
    [near, '10.9.0.1/24'],
    [far, '10.9.0.2/24'],
  ] as const) {
    ns.ip('address', 'add', address, 'dev', 'v0');
    ns.ip('link', 'set', 'v0', 'up');
  }
}

const SERVER = `
import socket, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('10.9.0.2', 7000)); s.listen(64); print('ready')
def drain(c):
    try:
        while c.recv(1 << 16): pass
    except OSError: pass
    c.close()
while True: threading.Thread(target=drain, args=(s.accept()[0],), daemon=True).start()
`;

/** Connects for ever, as often as it has ports for. */
const CONNECTOR = `
import socket, time
print('ready')
while True:
    try:
        s = socket.create_connection(('10.9.0.2', 7000), 2); s.close(); time.sleep(0.005)
    except OSError: time.sleep(0.05)
`;

/** Sends about 2 MB each second, as far as it may. */
const SENDER = `
import socket, time
print('ready')
while True:
    try:
        s = socket.create_connection(('10.9.0.2', 7000), 2)
        for _ in range(20): s.sendall(b'x' * 20000); time.sleep(0.01)
        s.close()
    except OSError: time.sleep(0.05)
`;

const shaper = {
  apiVersion: 'weir.dev/v1',
  kind: 'Network',
  metadata: { name: 'slow' },
  spec: {
    qdiscs: [{ dev: 'v0', parent: 'root', kind: 'tbf', tbf: { rate: '1mbit', burst: '5kb', limit: '20kb' } }],
  },
};

async function ended(socket: string, id: number): Promise<TrialReport> {
  const report = async () => (await ask(socket, 'GET', `${TRIALS}/${id}`)).body as TrialReport;
  await until(async () => (await report()).ended !== undefined);
  return report();
}

test('advice that helps is kept, with numbers', async () => {
  await using near = await netns('wt-help');
  await using far = await netns('wt-help');
  await joined(near, far);
  near.exec('sysctl', '-qw', 'net.ipv4.ip_local_port_range=40000 40199');
  await using _server = await python(far, SERVER);
  await using _client = await python(near, CONNECTOR);
  await using agent = await testAgent(near.name, ...OWN);
  await until(async () =>
    (await agent.weir('tune', 'advise', '--seconds', '1')).stdout.includes('time-wait-pressure'),
  );

  const refused = await agent.weir('tune', 'try', 'port-exhaustion', '--for', '16s');
  expect(refused).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/somebody set .*ip_local_port_range by hand/),
  });
  const unknown = await agent.weir('tune', 'try', 'time-wait-presure', '--for', '16s');
  expect(unknown.stderr).toContain('did you mean "time-wait-pressure"?');

  const tried = await agent.weir('tune', 'try', 'time-wait-pressure', '--for', '16s', '-o', 'json');
  expect(tried.stderr).toBe('');
  const report = JSON.parse(tried.stdout) as TrialReport;
  expect(report).toMatchObject({
    state: 'kept',
    metric: 'connections',
    documents: ['Tuning/advice-time-wait-pressure'],
  });
  expect(report.result).toMatchObject({ outcome: 'better', before: { samples: 8 }, after: { samples: 8 } });
  expect(report.result?.p).toBeLessThan(0.05);
  expect(report.guards.map(({ metric }) => metric)).toContain('retransmits');
  expect(near.exec('sysctl', '-n', 'net.ipv4.tcp_tw_reuse').trim()).toBe('1');
  const shown = await agent.weir('tune', 'trials', '1');
  expect(shown.stdout).toMatch(/connections got better: mean .*p = /);
  const history = await agent.weir('history');
  expect(history.stdout).toContain('trial 1 of time-wait-pressure');
  expect((await agent.weir('tune', 'advise', '--seconds', '1')).stdout).not.toContain('time-wait-pressure');
}, 120_000);

test('what hurts is undone, without a client that waits', async () => {
  await using near = await netns('wt-hurt');
  await using far = await netns('wt-hurt');
  await joined(near, far);
  await using _server = await python(far, SERVER);
  await using _client = await python(near, SENDER);
  await using agent = await testAgent(near.name, ...OWN);
  const { socket } = agent;
  const start = async (request: object) => ask(socket, 'POST', TRIALS, { seconds: 16, ...request });
  const qdisc = () => near.tc('qdisc', 'show', 'dev', 'v0');

  const begun = await start({ documents: [shaper], metric: 'throughput:v0' });
  expect(begun).toMatchObject({ status: 200, body: { id: 1, state: 'before' } });
  expect(await start({ documents: [shaper], metric: 'throughput:v0' })).toMatchObject({
    status: 429,
    body: { code: 'TOO_MANY' },
  });
  await until(() => qdisc().includes('tbf'));
  const other = await ask(socket, 'POST', '/v1/apply', { documents: [], prune: true });
  expect(other).toMatchObject({ status: 409, body: { code: 'LOCKED' } });
  const hurt = await ended(socket, 1);
  expect(hurt).toMatchObject({
    state: 'rolled-back',
    reason: expect.stringMatching(/^throughput:v0 got worse/),
    result: { outcome: 'worse' },
  });
  expect(hurt.result?.change).toBeLessThan(-0.5);
  expect(qdisc()).not.toContain('tbf');
}, 120_000);

test('a trial is stopped, and one that cannot begin says why', async () => {
  await using near = await netns('wt-stop');
  await using agent = await testAgent(near.name, ...OWN);
  const { socket } = agent;
  const start = async (request: object) => ask(socket, 'POST', TRIALS, { seconds: 16, ...request });
  const idle = { ...shaper, kind: 'Tuning', spec: { sysctls: { 'net.ipv4.tcp_fin_timeout': 55 } } };
  expect(await start({ documents: [idle], metric: 'connections' })).toMatchObject({
    status: 200,
    body: { id: 1 },
  });
  await until(async () => ((await ask(socket, 'GET', `${TRIALS}/1`)).body as TrialReport).state === 'after');
  expect(near.exec('sysctl', '-n', 'net.ipv4.tcp_fin_timeout').trim()).toBe('55');
  const stopped = await agent.weir('tune', 'stop', '1');
  expect(stopped.stdout).toMatch(/1: stopped[\s\S]*the change was undone/);
  expect(near.exec('sysctl', '-n', 'net.ipv4.tcp_fin_timeout').trim()).toBe('60');

  expect(await start({ documents: [{ kind: 'Tuning' }], metric: 'drops' })).toMatchObject({
    status: 400,
    body: { code: 'DOCUMENT' },
  });
  const same = { ...idle, spec: { sysctls: { 'net.ipv4.tcp_fin_timeout': 60 } } };
  expect(await start({ documents: [same], metric: 'drops' })).toMatchObject({
    status: 409,
    body: { code: 'TRIAL', detail: expect.stringContaining('nothing changes by it') },
  });
  const list = (await ask(socket, 'GET', TRIALS)).body as TrialList;
  expect(list.items.map(({ id, state }) => `${id} ${state}`)).toEqual(['1 stopped']);
}, 120_000);

test('a trial whose network namespace is deleted ends, and says so', async () => {
  await using near = await netns('wt-trial');
  const gone = await netns('wt-trialgone');
  const watched = `namespaces.watch=["${gone.name}"]`;
  await using agent = await testAgent(near.name, ...OWN, '--set', watched);
  const { socket } = agent;
  const idle = { sysctls: { 'net.ipv4.tcp_fin_timeout': 55 }, netns: gone.name };
  const documents = [{ ...shaper, kind: 'Tuning', spec: idle }];
  const request = { documents, metric: 'connections', netns: gone.name, seconds: 16 };
  expect(await ask(socket, 'POST', TRIALS, request)).toMatchObject({ status: 200, body: { id: 1 } });
  await until(async () => ((await ask(socket, 'GET', `${TRIALS}/1`)).body as TrialReport).state === 'after');
  await gone[Symbol.asyncDispose]();
  expect(await ended(socket, 1)).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(`^the network namespace ${gone.name} is gone; `),
  });
}, 120_000);

test('bad requests for trials and advice say what is wrong', async () => {
  await using ns = await netns('wt-bad');
  await using agent = await testAgent(ns.name, ...OWN);
  const { socket } = agent;
  const post = async (body: object) => {
    const { status, body: answer } = await ask(socket, 'POST', TRIALS, body);
    return `${status} ${(answer as { detail?: string }).detail}`;
  };
  expect(await post({})).toBe('400 body: give either "advice" or "documents"');
  expect(await post({ documents: [shaper] })).toBe('400 body: "metric" is missing: what shall get better');
  expect(await post({ documents: [shaper], metric: 'trhoughput' })).toBe(
    '400 metric: there is no metric trhoughput, did you mean "throughput"?',
  );
  expect(await post({ documents: [shaper], metric: 'drops:v9' })).toMatch(/^404 no device named "v9"/);
  expect(await post({ documents: [shaper], metric: 'drops', netns: 'gone' })).toMatch(
    /^404 no network namespace/,
  );
  expect(await post({ advice: 'x', seconds: 5 })).toMatch(/^400 body: seconds: /);
  expect(await post({ advice: 'x', seconds: 1e9 })).toMatch(/^400 body: seconds: /);
  expect(await post({ advice: 'listen-overflows' })).toMatch(
    /^404 no advice named "listen-overflows"; `weir tune advise`/,
  );
  const get = async (path: string) => (await ask(socket, 'GET', path)).status;
  expect(
    await Promise.all(
      [
        '/v1/tuning/trials/7',
        '/v1/tuning/trials/x',
        '/v1/tuning/advice?seconds=31',
        '/v1/tuning/advice?netns=gone',
        '/v1/tuning/profiles/none',
      ].map(get),
    ),
  ).toEqual([404, 400, 400, 404, 404]);
  const cli = async (...words: string[]) => {
    const { status, stderr } = await agent.weir('tune', ...words);
    return `${status} ${stderr.split('\n')[0]}`;
  };
  expect(await cli('try', 'x', '--for', '5s')).toContain('a trial takes 16s to 60m.');
  expect(await cli('try')).toBe('2 weir: name advice, or documents with -f');
  expect(await cli('profile', 'gatway', '--dry-run')).toContain('did you mean "gateway"?');
  const dry = await agent.weir('tune', 'profile', 'many-connections', '--dry-run');
  expect(dry.stdout).toMatch(/sysctl net\.core\.somaxconn\n {4}value: 4096 -> 16384\n {4}# connections wait/);
  expect(ns.exec('sysctl', '-n', 'net.core.somaxconn').trim()).toBe('4096');
});
