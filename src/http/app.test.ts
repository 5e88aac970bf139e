// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createConnection } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type AskOptions, ask, fixedService, httpFixture, raw } from '../../test/helpers/http-fixture.ts';
import type { WeirService } from '../api/service.ts';
import { WeirError } from '../base/errors.ts';
import { TokenTable } from './auth/tokens.ts';
import { PROBLEM_TYPE } from './problem.ts';

const token = 'a'.repeat(64);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('routes', () => {
  it('answer with what the service gives, every kind of list among it', async () => {
    await using http = await httpFixture();
    expect((await ask(http.to, '/healthz')).json).toEqual({ status: 'ok' });
    expect((await ask(http.to, '/readyz')).status).toBe(200);
    expect((await ask(http.to, '/v1/node')).json).toEqual({ node: 'test' });
    const page = await ask(http.to, '/v1/state/links?limit=2');
    expect(page.json).toEqual({
      netns: '',
      items: [
        { ifindex: 1, ifname: 'dev0' },
        { ifindex: 2, ifname: 'dev1' },
      ],
      next: '2',
    });
    expect((await ask(http.to, '/v1/state/links?limit=2&cursor=2')).json['items']).toHaveLength(1);
  });

  it('stream a long list that parses to all of its items', async () => {
    await using http = await httpFixture({ service: fixedService(5001) });
    const { json, headers } = await ask(http.to, '/v1/state/routes?limit=10000');
    expect(headers['transfer-encoding']).toBe('chunked');
    const items = json['items'] as { ifindex: number }[];
    expect(items.map((item) => item.ifindex)).toEqual(Array.from({ length: 5001 }, (_, i) => i + 1));
  });

  it('send a list as lines when asked, all of it and nothing but JSON', async () => {
    await using http = await httpFixture({ service: fixedService(5001) });
    const lines = { headers: { accept: 'application/x-ndjson' } };
    const { body, headers } = await ask(http.to, '/v1/state/routes', lines);
    expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson; charset=utf-8', vary: 'accept' });
    const items = body.trimEnd().split('\n');
    expect(items.map((line) => JSON.parse(line).ifindex)).toEqual(
      Array.from({ length: 5001 }, (_, i) => i + 1),
    );
    for (const query of ['limit=1', 'cursor=0']) {
      const refused = await ask(http.to, `/v1/state/routes?${query}`, lines);
      expect(refused.json).toMatchObject({ status: 400, detail: expect.stringMatching(/are for pages/) });
    }
    const unknown = await ask(http.to, '/v1/state/links?device=nope', lines);
    expect(unknown.json).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    const head = await ask(http.to, '/v1/state/routes', { ...lines, method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '' });
  });

  it('say in the last line what broke a list off, and keep what failed inside', async () => {
    const failing = (error: Error): WeirService => ({
      ...fixedService(),
      async *stream() {
        yield ['{"ifindex":1}'];
        throw error;
      },
    });
    const lastLine = async (error: Error) => {
      await using http = await httpFixture({ service: failing(error) });
      const { status, body } = await ask(http.to, '/v1/state/links', {
        headers: { accept: 'application/x-ndjson' },
      });
      expect(status).toBe(200);
      const [first, last, ...more] = body.trimEnd().split('\n');
      expect([first, more]).toEqual(['{"ifindex":1}', []]);
      return { last: JSON.parse(last ?? ''), log: JSON.stringify(http.logged()) };
    };
    const interrupted = await lastLine(new WeirError('DUMP_INTERRUPTED', { operation: 'x', attempts: 1 }));
    expect(interrupted.last).toMatchObject({
      error: { code: 'DUMP_INTERRUPTED', status: 503, retryable: true },
    });
    const inside = await lastLine(new Error('secret detail'));
    expect(inside.last).toMatchObject({ error: { code: 'INTERNAL', instance: '/v1/state/links' } });
    expect(JSON.stringify(inside.last)).not.toContain('secret detail');
    expect(inside.log).toContain('secret detail');
  });

  it('end the reading of a list that nobody reads any more', async () => {
    let ended = false;
    const service: WeirService = {
      ...fixedService(),
      async *stream(_target, _kind, _query, signal) {
        signal.addEventListener('abort', () => {
          ended = true;
        });
        for (;;) yield ['"x"'.repeat(3_000)];
      },
    };
    await using http = await httpFixture({ service, limits: { idleTimeoutSeconds: 1 } });
    if (!('socketPath' in http.to)) throw new Error('expected a Unix socket');
    const deaf = createConnection(http.to.socketPath).on('error', () => {});
    deaf.pause();
    deaf.write('GET /v1/state/links HTTP/1.1\r\nhost: x\r\naccept: application/x-ndjson\r\n\r\n');
    await expect.poll(() => ended, { timeout: 20_000 }).toBe(true);
    deaf.destroy();
  });

  it('compress metrics only when asked', async () => {
    await using http = await httpFixture();
    const plain = await ask(http.to, '/metrics');
    expect(plain.body).toBe('# metrics\nup 1\n');
    expect(plain.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(plain.headers['content-encoding']).toBeUndefined();
    const refused = await ask(http.to, '/metrics', { headers: { 'accept-encoding': 'gzip;q=0, br' } });
    expect(refused.headers['content-encoding']).toBeUndefined();
    const bytes = await raw(http.to, 'GET /metrics HTTP/1.0\r\naccept-encoding: br, gzip;q=0.5\r\n\r\n');
    const body = Buffer.from(bytes.slice(bytes.indexOf('\r\n\r\n') + 4), 'latin1');
    expect(gunzipSync(body).toString()).toBe('# metrics\nup 1\n');
  });

  it('describe themselves as OpenAPI 3.1 and show the page', async () => {
    await using http = await httpFixture();
    const { json } = await ask(http.to, '/openapi.json');
    expect(json['openapi']).toBe('3.1.0');
    interface Operation {
      readonly parameters?: readonly { readonly name: string }[];
      readonly responses?: Readonly<Record<string, { readonly content?: object }>>;
    }
    const paths = json['paths'] as Record<string, { get: Operation }>;
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/metrics', '/v1/node', '/v1/state/routes', '/v1/events', '/openapi.json']),
    );
    const routes = paths['/v1/state/routes']?.get;
    expect(routes?.parameters?.map(({ name }) => name)).toContain('table');
    expect(Object.keys(routes?.responses?.['200']?.content ?? {})).toEqual([
      'application/json',
      'application/x-ndjson',
    ]);
    expect((await ask(http.to, '/docs')).body).toMatch(/swagger/i);
    expect((await ask(http.to, '/docs/static/swagger-ui.css')).status).toBe(200);
    expect((await ask(http.to, '/docs/json')).json['openapi']).toBe('3.1.0');
  });
});

describe('bad requests', () => {
  const cases: [name: string, path: string, options: AskOptions, status: number, detail: RegExp][] = [
    ['an unknown path', '/v1/state/link', {}, 404, /did you mean "\/v1\/state\/links"\?/],
    ['a wrong method', '/v1/node', { method: 'POST' }, 405, /use GET, HEAD/],
    ['a method of another protocol', '/v1/node', { method: 'PROPFIND' }, 405, /PROPFIND is not allowed/],
    ['an unknown query property', '/v1/state/links?devise=x', {}, 400, /"devise", did you mean "device"\?/],
    ['a query property given twice', '/v1/state/links?limit=1&limit=2', {}, 400, /limit: must be/],
    [
      'a number that is none',
      '/v1/state/links?limit=1e3',
      {},
      400,
      /limit: must be an integer from 1 to 10000, not "1e3"/,
    ],
    [
      'a number out of bounds',
      '/v1/state/links?limit=0',
      {},
      400,
      /limit: must be an integer from 1 to 10000, not 0/,
    ],
    ['an unknown choice', '/v1/events?kind=link,lynk', {}, 400, /must be one of link, address/],
    ['a device that does not exist', '/v1/state/links?device=nope', {}, 404, /no device named "nope"/],
    [
      'a body where none belongs',
      '/v1/node',
      { headers: { 'content-length': '2' }, body: '{}' },
      400,
      /takes none/,
    ],
    ['an oversize body', '/v1/node', { method: 'POST', body: 'x'.repeat(2000) }, 413, /more than 1024 bytes/],
    ['a malformed path', '/v1/%zz', {}, 400, /not a valid url/i],
  ];

  it.each(cases)('%s is told as a problem', async (_name, path, options, status, detail) => {
    await using http = await httpFixture();
    const answer = await ask(http.to, path, options);
    expect(answer.headers['content-type']).toContain(PROBLEM_TYPE);
    expect(answer.json).toMatchObject({ status, detail: expect.stringMatching(detail), retryable: false });
    expect(answer.status).toBe(status);
    expect((await ask(http.to, '/healthz')).status).toBe(200);
  });

  it('tell which methods a path has', async () => {
    await using http = await httpFixture();
    expect((await ask(http.to, '/metrics', { method: 'DELETE' })).headers.allow).toBe('GET, HEAD');
    expect((await ask(http.to, '/v1/events', { method: 'HEAD' })).headers.allow).toBe('GET');
  });

  it('that never become requests are told too', async () => {
    await using http = await httpFixture();
    expect(await raw(http.to, '\x16\x03\x01garbage\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*REQUEST_INVALID/s);
    expect(await raw(http.to, `GET / HTTP/1.1\r\nx: ${'y'.repeat(9000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    expect(await raw(http.to, 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n')).toMatch(/^HTTP\/1.1 405 /);
    expect(await raw(http.to, 'GET / HTTP/1.1\r\nhost: a\r\nexpect: tea\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw(http.to, 'GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n')).toMatch(
      /"host\\" is missing/,
    );
    expect(await raw(http.to, 'GET /healthz HTTP/1.1\r\nhos')).toMatch(/^HTTP\/1.1 408 .*REQUEST_TIMEOUT/s);
    expect(await raw(http.to, '')).toMatch(/^HTTP\/1.1 408 /);
  });

  it('do not make the agent tell what failed inside', async () => {
    await using http = await httpFixture();
    const { status, body } = await ask(http.to, '/v1/stats/links');
    expect(status).toBe(500);
    expect(body).not.toContain('secret detail');
    expect(JSON.stringify(http.logged())).toContain('secret detail');
  });
});

describe('access', () => {
  const trust = {
    tokens: TokenTable.parse('tokens', {
      tokens: [{ name: 'grafana', role: 'read', sha256: sha256(token) }],
    }),
    certificates: [],
  };
  const bearer = (value: string) => ({ headers: { authorization: `Bearer ${value}` } });

  it('over TCP without credentials is open for health and metrics only', async () => {
    await using http = await httpFixture({ tcp: true });
    for (const path of ['/metrics', '/healthz', '/readyz'])
      expect((await ask(http.to, path)).status).toBe(200);
    for (const path of ['/v1/node', '/v1/events', '/openapi.json', '/docs', '/docs/static/index.html']) {
      const refused = await ask(http.to, path);
      expect(refused.json).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
      expect(refused.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it('is given to a known token, and refused to others, in the log and without the secret', async () => {
    await using http = await httpFixture({ tcp: true, trust });
    expect((await ask(http.to, '/v1/node', bearer(token))).status).toBe(200);
    const wrong = 'b'.repeat(64);
    for (const bad of [wrong, 'short', '', '=', `${token}x`])
      expect((await ask(http.to, '/v1/node', bearer(bad))).status).toBe(401);
    expect((await ask(http.to, '/v1/node', { headers: { authorization: `Basic ${token}` } })).status).toBe(
      401,
    );
    const text = JSON.stringify(http.logged());
    expect(text).toContain('"path":"/v1/node"');
    expect(text).toContain('127.0.0.1');
    expect(text).not.toContain(wrong);
    expect(text).not.toContain(token);
  });

  it('is refused to a connection whose peer the kernel does not name', async () => {
    await using http = await httpFixture({ peer: () => undefined });
    expect((await ask(http.to, '/v1/node')).status).toBe(401);
    expect((await ask(http.to, '/healthz')).status).toBe(200);
  });

  it('has to be stated by every route', async () => {
    await using http = await httpFixture();
    expect(() => http.app.get('/x', async () => 1)).toThrow();
  });
});

describe('events', () => {
  const event = (n: number, size = 10) => ({
    id: `r-${n}`,
    body: { kind: 'lost', netns: '', time: n, kinds: [] } as const,
    json: JSON.stringify({ n, filler: 'x'.repeat(size) }),
  });

  it('reach every follower with id, kind and data, and heartbeats in between', async () => {
    const service = fixedService();
    await using http = await httpFixture({ service });
    const seen = raw(http.to, 'GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n', /"n":2/);
    await expect.poll(() => service.followers()).toBe(1);
    service.publish(event(1));
    await new Promise((resolve) => setTimeout(resolve, 120));
    service.publish(event(2));
    const text = await seen;
    expect(text).toContain('content-type: text/event-stream');
    expect(text).toContain('id: r-1\nevent: lost\ndata: {"n":1');
    expect(text).toMatch(/\n: \n\n/);
    await expect.poll(() => service.followers()).toBe(0);
  });

  it('a client that does not read is told of the gap and dropped', async () => {
    const service = fixedService();
    await using http = await httpFixture({ service, bufferBytes: 20_000 });
    if (!('socketPath' in http.to)) throw new Error('expected a Unix socket');
    const socket = createConnection(http.to.socketPath);
    socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => service.followers()).toBe(1);
    socket.pause();
    for (let n = 0; n < 200; n++) {
      service.publish(event(n, 10_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
    expect(text).toMatch(/event: gap\ndata: \{"kind":"gap","reason":"slow"\}/);
    await expect.poll(() => service.followers()).toBe(0);
  });

  it('have a bound on streams', async () => {
    const service = fixedService();
    await using http = await httpFixture({ service });
    const open = ['1', '2'].map(() => raw(http.to, 'GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n', /"n":1/));
    await expect.poll(() => service.followers()).toBe(2);
    expect((await ask(http.to, '/v1/events')).json).toMatchObject({ status: 429, code: 'TOO_MANY' });
    service.publish(event(1));
    await Promise.all(open);
  });
});
