// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ask, fixedService, httpFixture } from '../../test/helpers/http-fixture.ts';
import { ROLES } from '../api/role.ts';
import type { CaptureRequest } from '../model/capture.ts';
import { TokenTable } from './auth/tokens.ts';

const body = JSON.stringify({ devices: [{ device: 'eth0' }], filter: 'udp' } satisfies CaptureRequest);
const json = { 'content-type': 'application/json' };

test('capturing is a right of its own: to read is not enough', async () => {
  const secrets = Object.fromEntries(ROLES.map((role) => [role, randomBytes(32).toString('hex')]));
  const sha256 = (text: string | undefined) => createHash('sha256').update(String(text)).digest('hex');
  const entries = ROLES.map((role) => ({ name: role, role, sha256: sha256(secrets[role]) }));
  const tokens = TokenTable.parse('tokens', { tokens: entries });
  await using fixture = await httpFixture({ tcp: true, trust: { tokens, certificates: [] } });
  const statuses = async (headers: Record<string, string>) => {
    const started = await ask(fixture.to, '/v1/captures', {
      method: 'POST',
      headers: { ...json, ...headers },
      body,
    });
    const listed = await ask(fixture.to, '/v1/captures', { headers });
    const stopped = await ask(fixture.to, '/v1/captures/0000beef', { method: 'DELETE', headers });
    return [started.status, listed.status, stopped.status];
  };
  const bearer = (role: string) => ({ authorization: `Bearer ${secrets[role]}` });
  expect(await statuses({})).toEqual([401, 401, 401]);
  expect(await statuses(bearer('read'))).toEqual([403, 403, 403]);
  expect(await statuses(bearer('capture'))).toEqual([200, 200, 404]);
  expect(await statuses(bearer('change'))).toEqual([200, 200, 404]);
});

test('a file, or lines for whoever prefers them, with the id', async () => {
  await using fixture = await httpFixture();
  const post = (headers = {}, text = body) =>
    ask(fixture.to, '/v1/captures', { method: 'POST', headers: { ...json, ...headers }, body: text });
  const file = await post();
  expect([file.headers['content-type'], file.headers['weir-capture'], file.body]).toEqual([
    'application/x-pcapng',
    '0000beef',
    'file',
  ]);
  expect((await post({ accept: 'application/x-ndjson' })).body).toBe('{"text":"packet"}\n');
  const toFile = JSON.stringify({ devices: [{ device: 'eth0' }], file: { name: 'x' } });
  expect((await post({}, toFile)).headers['content-type']).toMatch(/ndjson/);
});

test('unknown and absurd values are refused, and a client that goes is noticed', async () => {
  let signal: AbortSignal | undefined;
  const service = fixedService();
  const waiting: typeof service.capture = async (_target, _request, options) => {
    signal = options.signal;
    return {
      id: '0000beef',
      parts: (async function* () {
        yield Buffer.from('head');
        await new Promise((resolve) => options.signal.addEventListener('abort', resolve));
      })(),
    };
  };
  await using fixture = await httpFixture({ service: { ...service, capture: waiting } });
  for (const [wrong, where] of [
    ['{"devices":[{"device":"eth0"}],"fliter":"x"}', 'fliter'],
    ['{"devices":[{"device":"eth0"}],"limits":{"seconds":99999999}}', 'limits.seconds'],
    ['{"devices":[{"device":"eth0"}],"snapLength":1}', 'snapLength'],
    [`{"devices":[{"device":"${'x'.repeat(16)}"}]}`, 'devices'],
    ['{', 'JSON'],
  ] as const) {
    const answer = await ask(fixture.to, '/v1/captures', { method: 'POST', headers: json, body: wrong });
    expect([answer.status, answer.json['detail']]).toEqual([400, expect.stringContaining(where)]);
  }
  const { request } = await import('node:http');
  const call = request({ ...fixture.to, path: '/v1/captures', method: 'POST', headers: json, agent: false });
  call
    .on('error', () => {})
    .on('response', (response) => response.on('error', () => {}).once('data', () => call.destroy()));
  call.end(body);
  await expect.poll(() => signal?.aborted, { timeout: 10_000 }).toBe(true);
});
