// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { APPLIED, changeDouble, PLAN } from '../../test/helpers/change-double.ts';
import { ask, fixedService, httpFixture } from '../../test/helpers/http-fixture.ts';
import { ApplyReport, ChangeStatus, PlanReport } from '../api/schemas/change.ts';
import { Problem } from '../api/schemas/problem.ts';
import { WeirError } from '../base/errors.ts';
import { complaints } from '../base/validate.ts';
import { TokenTable } from './auth/tokens.ts';

const JSON_BODY = { 'content-type': 'application/json' };
const YAML_BODY = { 'content-type': 'application/yaml; charset=utf-8' };

async function fixture(double = changeDouble(), options: Parameters<typeof httpFixture>[0] = {}) {
  const http = await httpFixture({ ...options, service: fixedService(3, double) });
  return { http, double, [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() };
}

describe('plan', () => {
  it('hands the body on as it came, with the options of the query and who asks', async () => {
    await using f = await fixture();
    const body = 'kind: Network\n# not parsed here: [';
    const url = '/v1/plan?prune=true&peer=192.0.2.9&view=text&full=true';
    const { status, json } = await ask(f.http.to, url, { method: 'POST', headers: YAML_BODY, body });
    expect(status).toBe(200);
    expect(json).toMatchObject({ text: '+ link br0\n', actions: [] });
    expect(f.double.calls).toEqual([
      {
        name: 'plan',
        args: [
          { mediaType: 'application/yaml', bytes: body },
          { prune: true, peer: '192.0.2.9' },
          { who: 'root' },
          { view: 'text', full: true },
        ],
      },
    ]);
  });

  it('answers with the plan as data', async () => {
    await using f = await fixture();
    const { json } = await ask(f.http.to, '/v1/plan', { method: 'POST', headers: JSON_BODY, body: '{}' });
    expect(json).toEqual(PLAN);
    expect(complaints(PlanReport, json)).toEqual([]);
  });

  it('tells every mistake of the documents with its place', async () => {
    const problems = [{ path: 'spec.mtu', problem: 'must be >= 68', file: 'a.yaml', line: 3, column: 9 }];
    const plan = new WeirError('DOCUMENT', { count: 'a mistake', first: 'x' }, { problems });
    await using f = await fixture(changeDouble({ plan }));
    const { json } = await ask(f.http.to, '/v1/plan', { method: 'POST', headers: JSON_BODY, body: '{}' });
    expect(json).toMatchObject({ status: 400, code: 'DOCUMENT', errors: problems });
    expect(complaints(Problem, json)).toEqual([]);
  });
});

describe('bodies', () => {
  it.each([
    ['/v1/plan', 'application/json, application/yaml'],
    ['/v1/apply', 'application/json, application/yaml'],
    ['/v1/confirm', 'application/json'],
  ])('of another type are refused by %s, which names %s', async (path, types) => {
    await using f = await fixture();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const headers of [form, { 'content-type': 'text/plain' }, {}]) {
      const refused = await ask(f.http.to, path, { method: 'POST', headers, body: '{}' });
      expect(refused).toMatchObject({ status: 415, json: { code: 'MEDIA_TYPE' } });
      expect(refused.headers['accept-post']).toBe(types);
    }
    expect(f.double.calls).toEqual([]);
  });

  it('may be long for documents, and short for the rest', async () => {
    await using f = await fixture();
    const send = (path: string, length: number) =>
      ask(f.http.to, path, { method: 'POST', headers: JSON_BODY, body: ' '.repeat(length) });
    expect((await send('/v1/plan', 60_000)).status).toBe(200);
    expect((await send('/v1/apply', 60_000)).status).toBe(200);
    expect((await send('/v1/apply', 70_000)).json).toMatchObject({
      status: 413,
      detail: expect.stringMatching(/65536 bytes/),
    });
    expect((await send('/v1/confirm', 2000)).json).toMatchObject({ status: 413 });
  });

  it('that are missing or no JSON are told', async () => {
    await using f = await fixture();
    const empty = await ask(f.http.to, '/v1/apply', { method: 'POST', headers: JSON_BODY });
    expect(empty.json).toMatchObject({ status: 400, detail: 'body: it is empty' });
    const post = (body: string) =>
      ask(f.http.to, '/v1/rollback', { method: 'POST', headers: JSON_BODY, body });
    expect((await post('{')).json).toMatchObject({ status: 400, detail: 'body: it is not JSON' });
    expect((await post('{"revison":1}')).json).toMatchObject({
      detail: expect.stringMatching(/did you mean "revision"/),
    });
    expect(f.double.calls).toEqual([]);
  });
});

describe('apply', () => {
  const apply = (f: Awaited<ReturnType<typeof fixture>>, query = '', headers: Record<string, string> = {}) =>
    ask(f.http.to, `/v1/apply${query}`, {
      method: 'POST',
      headers: { ...JSON_BODY, ...headers },
      body: '{}',
    });

  it('takes its options from the query and the revision from If-Match', async () => {
    await using f = await fixture();
    const query = '?confirmSeconds=30&probes=gateway,tcp:192.0.2.1:22&reason=why';
    const { status, json } = await apply(f, query, { 'if-match': '"12"' });
    expect({ status, json }).toEqual({ status: 200, json: APPLIED });
    expect(f.double.calls[0]?.args[1]).toEqual({
      confirmSeconds: 30,
      probes: ['gateway', 'tcp:192.0.2.1:22'],
      reason: 'why',
      ifRevision: 12,
    });
    await apply(f, '', { 'if-match': '*' });
    expect(f.double.calls[1]?.args[1]).toEqual({});
  });

  it.each(['12', 'W/"12"', '"12", "13"', '"x"'])('refuses If-Match: %s', async (tag) => {
    await using f = await fixture();
    expect((await apply(f, '', { 'if-match': tag })).json).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/If-Match/),
    });
    expect(f.double.calls).toEqual([]);
  });

  it.each([
    ['rolled-back', 422, 'ROLLED_BACK'],
    ['rollback-failed', 500, 'ROLLBACK_FAILED'],
  ] as const)('that ended in %s is status %d with the report', async (state, status, code) => {
    const report: ApplyReport = {
      ...APPLIED,
      status: state,
      error: 'step 3 failed',
      leftovers: ['link br0'],
    };
    await using f = await fixture(changeDouble({ apply: report }));
    const answer = await apply(f);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json).toMatchObject({ code, report, detail: expect.stringMatching(/step 3 failed/) });
    expect(complaints(Problem, answer.json)).toEqual([]);
  });

  it('is not refused for being rolled back when that was asked for', async () => {
    const report: ApplyReport = { ...APPLIED, status: 'rolled-back' };
    await using f = await fixture(changeDouble({ apply: report }));
    const answer = await ask(f.http.to, '/v1/rollback', { method: 'POST' });
    expect(answer).toMatchObject({ status: 200, json: report });
    expect(complaints(ApplyReport, answer.json)).toEqual([]);
  });
});

describe('status, history and export', () => {
  it('carry the revision as ETag', async () => {
    await using f = await fixture();
    const status = await ask(f.http.to, '/v1/change');
    expect(status.headers.etag).toBe('"3"');
    expect(complaints(ChangeStatus, status.json)).toEqual([]);
    const documents = await ask(f.http.to, '/v1/state/documents?netns=blue');
    expect(documents).toMatchObject({ headers: { etag: '"3"' }, json: { documents: [{ kind: 'Network' }] } });
    const yaml = await ask(f.http.to, '/v1/state/documents', { headers: { accept: 'application/yaml' } });
    expect(yaml).toMatchObject({ body: 'kind: Network\n', headers: { vary: 'accept' } });
    expect(yaml.headers['content-type']).toBe('application/yaml; charset=utf-8');
    expect(f.double.calls.map(({ args }) => args)).toEqual([
      [{ netns: 'blue', form: 'json' }],
      [{ form: 'yaml' }],
    ]);
  });

  it('are read by number and page', async () => {
    await using f = await fixture();
    expect((await ask(f.http.to, '/v1/revisions?limit=5&cursor=9')).json).toMatchObject({
      items: [{ revision: 3 }],
    });
    expect((await ask(f.http.to, '/v1/revisions/2')).json).toMatchObject({
      revision: 2,
      diff: '+ link br0\n',
    });
    expect((await ask(f.http.to, '/v1/diff?from=1&view=color')).json['text']).toContain('\u001b[32m');
    expect(f.double.calls.map(({ args }) => args)).toEqual([
      [{ limit: 5, cursor: '9' }],
      [2],
      [{ from: 1 }, { view: 'color' }],
    ]);
  });

  it.each([
    ['/v1/revisions/0', 400, /must be an integer of at least 1, not 0/],
    ['/v1/revisions/x', 400, /must be an integer of at least 1, not "x"/],
    ['/v1/revisions/1/x', 404, /there is nothing/],
    ['/v1/diff?view=html', 400, /actions, text, color/],
  ])('%s is answered with %d', async (path, status, detail) => {
    await using f = await fixture();
    expect((await ask(f.http.to, path)).json).toMatchObject({
      status,
      detail: expect.stringMatching(detail),
    });
  });

  it('tell the methods of a path with a number in it', async () => {
    await using f = await fixture();
    const { headers } = await ask(f.http.to, '/v1/revisions/3', { method: 'DELETE' });
    expect(headers.allow).toBe('GET, HEAD');
  });
});

describe('roles', () => {
  const token = 'a'.repeat(64);
  const sha256 = createHash('sha256').update(token).digest('hex');
  const trust = {
    tokens: TokenTable.parse('tokens', { tokens: [{ name: 'ci', role: 'read', sha256 }] }),
    certificates: [],
  };

  it('let readers plan, and nothing more', async () => {
    await using f = await fixture(changeDouble(), { tcp: true, trust });
    const headers = { ...JSON_BODY, authorization: `Bearer ${token}` };
    const post = (path: string) => ask(f.http.to, path, { method: 'POST', headers, body: '{}' });
    expect((await post('/v1/plan')).status).toBe(200);
    expect(f.double.calls[0]?.args[2]).toEqual({ who: 'token ci', peer: '127.0.0.1' });
    for (const path of ['/v1/apply', '/v1/confirm', '/v1/rollback'])
      expect((await post(path)).json).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(f.double.calls).toHaveLength(1);
  });
});

it('are described with bodies, headers and expected errors', async () => {
  await using f = await fixture();
  interface Operation {
    readonly parameters: readonly { readonly name: string; readonly in: string }[];
    readonly requestBody: { readonly content: object };
    readonly responses: Readonly<Record<string, object>>;
  }
  const { json } = await ask(f.http.to, '/openapi.json');
  const paths = json['paths'] as Record<string, { post: Operation; get: Operation }>;
  const { post } = paths['/v1/apply'] as { post: Operation };
  expect(Object.keys(post.requestBody.content)).toEqual(['application/json', 'application/yaml']);
  expect(post.parameters).toContainEqual(expect.objectContaining({ name: 'if-match', in: 'header' }));
  expect(post.parameters).toContainEqual(expect.objectContaining({ name: 'probes', in: 'query' }));
  expect(Object.keys(post.responses)).toEqual(['200', '400', '409', '412', '422', '500', 'default']);
  expect(paths['/v1/revisions/{revision}']?.get.parameters).toContainEqual(
    expect.objectContaining({ name: 'revision', in: 'path' }),
  );
  expect(paths['/v1/change']?.get.responses['200']).toMatchObject({ headers: { etag: expect.anything() } });
});
