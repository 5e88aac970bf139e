// SPDX-License-Identifier: Apache-2.0
// The API of the real agent, in a namespace of its own, as clients of every kind meet it.
import { createHash, randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeInfo } from '../../src/api/schemas/node.ts';
import { STATE_ITEMS, STATE_KINDS, type StateKind } from '../../src/api/schemas/state.ts';
import { LinkStatsReport } from '../../src/api/schemas/stats.ts';
import { complaints } from '../../src/base/validate.ts';
import { type AgentProcess, agentProcess, scratch } from '../helpers/agent-process.ts';
import { type Authority, authority } from '../helpers/certificates.ts';
import { type AskOptions, ask, openStream, raw } from '../helpers/http-fixture.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const token = randomBytes(32).toString('hex');
const capturer = randomBytes(32).toString('base64url');
const sum = (text: string) => createHash('sha256').update(text).digest('hex');
const bearer = (value: string): AskOptions => ({ headers: { authorization: `Bearer ${value}` } });

let ns: TestNetns;
let agent: AgentProcess;
let files: string;

beforeAll(async () => {
  files = scratch();
  writeFileSync(
    `${files}/tokens.yaml`,
    `tokens:\n  - {name: reader, role: read, sha256: ${sum(token)}}\n  - {name: capturer, role: capture, sha256: ${sum(capturer)}}\n`,
    { mode: 0o600 },
  );
  ns = await netns('we-http');
  ns.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  ns.ip('link', 'set', 'up0', 'up');
  ns.ip('address', 'add', '192.0.2.1/24', 'dev', 'up0');
  const limits = ['http.limits.headersTimeoutSeconds=1', 'http.limits.requestTimeoutSeconds=2'];
  const set = [...limits, `http.tokens=${files}/tokens.yaml`].flatMap((one) => ['--set', one]);
  agent = await agentProcess({ netns: ns.name, args: ['--log-level', 'debug', ...set] });
});

afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await ns?.[Symbol.asyncDispose]();
  rmSync(files, { recursive: true, force: true });
});

describe('the API', () => {
  it('answers with what its schemas say', async () => {
    const node = await ask(agent.to, '/v1/node');
    expect(complaints(NodeInfo, node.json)).toEqual([]);
    expect(node.json).toMatchObject({ agent: { pid: agent.pid, mode: 'observe' }, rights: { missing: [] } });
    expect(complaints(LinkStatsReport, (await ask(agent.to, '/v1/stats/links')).json)).toEqual([]);
    for (const kind of STATE_KINDS) {
      const { items } = (await ask(agent.to, `/v1/state/${kind}`)).json as { items: unknown[] };
      for (const item of items) expect(complaints(STATE_ITEMS[kind], item)).toEqual([]);
    }
  });

  it('lists what the kernel has, by device and in pages', async () => {
    const list = async (kind: StateKind, query: string) =>
      (await ask(agent.to, `/v1/state/${kind}?${query}`)).json as {
        items: Record<string, unknown>[];
        next?: string;
      };
    expect((await list('addresses', 'device=up0&family=inet')).items).toMatchObject([
      { ifname: 'up0', local: '192.0.2.1', prefixlen: 24 },
    ]);
    expect((await list('routes', 'table=main&device=up0')).items).toMatchObject([{ dst: '192.0.2.0/24' }]);
    const whole = (await list('routes', '')).items;
    const paged: unknown[] = [];
    for (let next: string | undefined = '0'; next !== undefined; ) {
      const page: Awaited<ReturnType<typeof list>> = await list('routes', `limit=2&cursor=${next}`);
      paged.push(...page.items);
      next = page.next;
    }
    expect(paged).toEqual(whole);
    expect(whole.length).toBeGreaterThan(4);
  });

  it('serves metrics of the namespace and of the agent', async () => {
    const { body } = await ask(agent.tcp, '/metrics');
    expect(body).toContain('node_network_receive_bytes_total{device="up0"}');
    expect(body).toMatch(/^process_resident_memory_bytes \d+/m);
  });
});

describe('events', () => {
  it('tell of links, addresses and routes as they change', async () => {
    const url = '/v1/events?kind=link,address,route';
    const wanted =
      /"kind":"route","action":"new"[^\n]*203\.0\.113\.0\/24[\s\S]*"kind":"link","action":"del"[^\n]*"tmp0"/;
    const stream = await openStream(agent.to, url);
    ns.ip('link', 'add', 'tmp0', 'type', 'veth', 'peer', 'name', 'tmp1');
    ns.ip('address', 'add', '198.51.100.1/24', 'dev', 'up0');
    ns.ip('route', 'add', '203.0.113.0/24', 'via', '192.0.2.2', 'dev', 'up0', 'onlink');
    ns.ip('link', 'del', 'tmp0');
    const text = await stream.until(wanted);
    stream.close();
    expect(text).toMatch(/event: link\ndata: {"kind":"link","action":"new",[^\n]*"ifname":"tmp0"/);
    expect(text).not.toContain('"raw"');
    expect(text).toMatch(/event: address\ndata: {[^\n]*198\.51\.100\.1/);
    expect(text).not.toContain('event: neighbour');
    const ids = [...text.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);

    const resumed = await openStream(agent.to, url, { 'last-event-id': String(ids[0]) });
    const again = await resumed.until(wanted);
    resumed.close();
    expect(again).toContain(`id: ${ids[1]}\n`);
    expect(again).not.toContain(`id: ${ids[0]}\n`);

    const strange = await openStream(agent.to, url, { 'last-event-id': 'other-1' });
    expect(await strange.until(/event: gap/)).toContain('"reason":"expired"');
    strange.close();
  });
});

describe('bad input', () => {
  const cases: [name: string, path: string, options: AskOptions, status: number, detail: RegExp][] = [
    ['an unknown device', '/v1/state/links?device=up9', {}, 404, /no device named "up9", did you mean "up/],
    ['an unknown namespace', '/v1/state/links?netns=nope', {}, 404, /no network namespace named "nope"/],
    ['events of an unknown namespace', '/v1/events?netns=nope', {}, 404, /no network namespace named "nope"/],
    ['an unknown table', '/v1/state/routes?table=mian', {}, 404, /"mian", did you mean "main"\?/],
    ['an unknown filter', '/v1/state/routes?tabel=main', {}, 400, /"tabel", did you mean "table"\?/],
    ['a wrong method', '/v1/state/links', { method: 'DELETE' }, 405, /use GET, HEAD/],
    ['an oversize body', '/v1/state', { method: 'POST', body: 'x'.repeat(1_100_000) }, 413, /1048576 bytes/],
  ];
  it.each(cases)('%s gets a clear error', async (_name, path, options, status, detail) => {
    const { json } = await ask(agent.to, path, options);
    expect(json).toMatchObject({ status, detail: expect.stringMatching(detail) });
  });

  it('half-sent and garbage requests end by themselves and harm nobody', async () => {
    const half = Array.from({ length: 20 }, () => raw(agent.to, 'GET /metrics HTTP/1.1\r\nhost: x\r\nx-'));
    const slow = trickle(agent.to.socketPath, 'GET /v1/node HTTP/1.1\r\nhost: ');
    const garbage = Array.from({ length: 20 }, () => raw(agent.to, randomBytes(300)));
    for (const answer of await Promise.all(half))
      expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
    for (const answer of await Promise.all(garbage)) expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
    expect((await ask(agent.to, '/healthz')).status).toBe(200);
  });

  it('a client that asks for much and reads nothing does not hold up the others', async () => {
    const deaf = createConnection(agent.to.socketPath);
    deaf.pause();
    for (let i = 0; i < 50; i++) deaf.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
    for (let i = 0; i < 5; i++) expect((await ask(agent.to, '/metrics')).status).toBe(200);
    deaf.destroy();
  });
});

describe('access', () => {
  it('over TCP is for token holders, but for health and metrics', async () => {
    expect((await ask(agent.tcp, '/healthz')).status).toBe(200);
    const none = await ask(agent.tcp, '/v1/node');
    expect(none.json).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect((await ask(agent.tcp, '/v1/node', bearer(randomBytes(32).toString('hex')))).status).toBe(401);
    expect((await ask(agent.tcp, '/v1/node', bearer(token))).status).toBe(200);
    expect((await ask(agent.tcp, '/v1/node', bearer(capturer))).status).toBe(200);
    await expect
      .poll(() => agent.log())
      .toMatch(/"level":"warn"[^\n]*"code":"UNAUTHENTICATED"[^\n]*"path":"\/v1\/node"/);
    expect(agent.log()).not.toContain(token);
  });

  it('ends with the token: the file is read anew when it changes', async () => {
    const other = randomBytes(32).toString('hex');
    writeFileSync(`${files}/tokens.yaml`, `tokens: [{name: other, role: read, sha256: ${sum(other)}}]\n`);
    agent.signal('SIGHUP');
    await expect.poll(async () => (await ask(agent.tcp, '/v1/node', bearer(other))).status).toBe(200);
    expect((await ask(agent.tcp, '/v1/node', bearer(token))).status).toBe(401);
    writeFileSync(`${files}/tokens.yaml`, 'tokens: [{name: other}]\n');
    await expect.poll(() => agent.log(), { timeout: 10_000 }).toContain('"role\\" is missing');
    expect((await ask(agent.tcp, '/v1/node', bearer(other))).status).toBe(200);
  });

  it('over the Unix socket is known by the credentials of the peer', async () => {
    await ask(agent.to, '/v1/node');
    await expect.poll(() => agent.log()).toContain(`"who":"uid 0 pid ${process.pid}"`);
  });
});

describe('mutual TLS', () => {
  let trusted: Authority;
  let directory: string;
  let secure: AgentProcess;

  beforeAll(async () => {
    directory = scratch();
    trusted = authority(directory, 'ca');
    const server = trusted.issue('agent', 'DNS:agent.test');
    const clients = [
      { match: 'URI:spiffe://test/ops', role: 'change' },
      { match: 'CN=reader', role: 'read' },
    ];
    const tls = { certificate: server.certificate, key: server.key, clientCa: trusted.certificate, clients };
    const config = `${directory}/weir.yaml`;
    writeFileSync(config, `http: {limits: {headersTimeoutSeconds: 1}, tls: ${JSON.stringify(tls)}}\n`);
    secure = await agentProcess({ netns: ns.name, args: ['--config', config] });
  });
  afterAll(async () => {
    await secure?.[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  it('gives roles by the names in the certificate', async () => {
    const reader = trusted.issue('reader', 'DNS:reader.test').pem;
    const ops = trusted.issue('ops', 'URI:spiffe://test/ops').pem;
    const stranger = trusted.issue('stranger', 'DNS:CN=reader').pem;
    const forged = authority(directory, 'other').issue('reader', 'DNS:reader.test').pem;
    expect(await secureStatus('/v1/node', reader)).toMatch(/^HTTP\/1.1 200/);
    expect(await secureStatus('/v1/node', ops)).toMatch(/^HTTP\/1.1 200/);
    expect(await secureStatus('/v1/node', stranger)).toMatch(/^HTTP\/1.1 401[\s\S]*no role is configured/);
    expect(await secureStatus('/v1/node', forged)).toMatch(/^HTTP\/1.1 401[\s\S]*not trusted/);
    expect(await secureStatus('/v1/node', {})).toMatch(/^HTTP\/1.1 401[\s\S]*no token or client certificate/);
    expect(await secureStatus('/metrics', {})).toMatch(/^HTTP\/1.1 200/);
  });

  it('a handshake that is rubbish or stays silent frees its connection', async () => {
    const handshake = (bytes: Uint8Array) => raw({ socketPath: secure.tcp.socketPath }, Buffer.from(bytes));
    const rubbish = [new Uint8Array(), Uint8Array.of(22, 3, 1), randomBytes(300)];
    await Promise.all(rubbish.map(handshake));
    expect(await secureStatus('/healthz', {})).toMatch(/^HTTP\/1.1 200/);
  });

  /** The raw answer to a GET over TLS. */
  async function secureStatus(path: string, identity: ConnectionOptions): Promise<string> {
    const socket = createConnection(secure.tcp.socketPath);
    const tls = connectTls({ socket, ca: trusted.pem.cert, servername: 'agent.test', ...identity });
    tls.write(`GET ${path} HTTP/1.1\r\nhost: agent.test\r\nconnection: close\r\n\r\n`);
    let text = '';
    for await (const chunk of tls) text += String(chunk);
    return text;
  }
});

/** Send a byte every 100 ms until the other side has enough. @returns what it said. */
async function trickle(path: string, text: string): Promise<string> {
  const socket = createConnection(path);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.on('close', resolve));
  for (let i = 0; !socket.destroyed && i < 100; i++) {
    socket.write(text[i] ?? 'x');
    await Promise.race([delay(100), closed]);
  }
  await closed;
  return answer;
}
