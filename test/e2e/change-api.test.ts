// SPDX-License-Identifier: Apache-2.0
// Declaring and changing through the API of the real agent, in a namespace of its own, with `ip` as the witness.
import { createHash, randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ApplyReport,
  ChangeStatus,
  PlanReport,
  RevisionDetail,
  RevisionPage,
} from '../../src/api/schemas/change.ts';
import { Problem } from '../../src/api/schemas/problem.ts';
import { complaints } from '../../src/base/validate.ts';
import { type AgentProcess, agentProcess, scratch } from '../helpers/agent-process.ts';
import { type Answer, ask, openStream } from '../helpers/http-fixture.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const reader = randomBytes(32).toString('hex');
const sum = createHash('sha256').update(reader).digest('hex');

let ns: TestNetns;
let agent: AgentProcess;
let files: string;

beforeAll(async () => {
  files = scratch();
  const tokens = `tokens:\n  - {name: reader, role: read, sha256: ${sum}}\n`;
  writeFileSync(`${files}/tokens.yaml`, tokens, { mode: 0o600 });
  ns = await netns('wG-api');
  ns.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  ns.ip('link', 'set', 'up0', 'up');
  ns.ip('link', 'set', 'up1', 'up');
  agent = await agentProcess({ netns: ns.name, args: ['--set', `http.tokens=${files}/tokens.yaml`] });
});

afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await ns?.[Symbol.asyncDispose]();
  rmSync(files, { recursive: true, force: true });
});

/** A document that gives addresses to up0. */
function document(name: string, ...addresses: readonly string[]) {
  const items = addresses.map((address) => ({ dev: 'up0', address }));
  return { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name }, spec: { addresses: items } };
}

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const type = typeof body === 'string' ? 'application/yaml' : 'application/json';
  return ask(agent.to, path, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const now = { confirmSeconds: 0, probes: ['none'] };

/** What the kernel has, as `ip` says. */
function addresses(): readonly string[] {
  const [link] = JSON.parse(ns.ip('-j', '-4', 'address', 'show', 'dev', 'up0')) as {
    addr_info: { local: string; prefixlen: number }[];
  }[];
  return (link?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}

async function current(): Promise<number> {
  const { json, headers } = await ask(agent.to, '/v1/change');
  expect(complaints(ChangeStatus, json)).toEqual([]);
  expect(headers.etag).toBe(`"${json['revision']}"`);
  return json['revision'] as number;
}

it('plans, applies, confirms and rolls back', async () => {
  const start = addresses();
  const documents = [document('one', '192.0.2.1/24')];
  const plan = await post('/v1/plan', { documents });
  expect(complaints(PlanReport, plan.json)).toEqual([]);
  expect(plan.json).toMatchObject({ counts: { create: 1 }, actions: [{ op: 'create', class: 'address' }] });
  expect(addresses()).toEqual(start);

  const applied = await post('/v1/apply', { documents, confirmSeconds: 60, probes: ['none'], reason: 'why' });
  expect(applied.json).toMatchObject({ status: 'unconfirmed', deadline: expect.any(String) });
  expect(complaints(ApplyReport, applied.json)).toEqual([]);
  expect(addresses()).toEqual([...start, '192.0.2.1/24']);
  const { revision } = applied.json;
  expect((await ask(agent.to, '/v1/change')).json).toMatchObject({ state: 'unconfirmed', revision });

  const confirmed = await post('/v1/confirm', { revision });
  expect(confirmed).toMatchObject({ status: 200, json: { status: 'confirmed', revision } });
  expect((await post('/v1/confirm', {})).json).toMatchObject({ status: 409, code: 'NOTHING_TO_CONFIRM' });
  expect((await post('/v1/plan', { documents })).json).toMatchObject({ actions: [], diagnostics: [] });
  expect((await post('/v1/apply', { documents, ...now })).json).toMatchObject({ status: 'unchanged' });

  const detail = await ask(agent.to, `/v1/revisions/${revision}`);
  expect(complaints(RevisionDetail, detail.json)).toEqual([]);
  expect(detail.json).toMatchObject({ who: 'root', reason: 'why', current: true, content: documents });
  const page = await ask(agent.to, '/v1/revisions?limit=1');
  expect(complaints(RevisionPage, page.json)).toEqual([]);

  const back = await post('/v1/rollback', { revision: 0, ...now });
  expect(back).toMatchObject({ status: 200, json: { status: 'confirmed' } });
  expect(addresses()).toEqual(start);
});

it('undoes at once what is rolled back before its confirmation, and says so with 200', async () => {
  const start = addresses();
  const documents = [document('two', '192.0.2.2/24')];
  await post('/v1/apply', { documents, confirmSeconds: 60, probes: ['none'] });
  expect((await post('/v1/apply', { documents, ...now })).json).toMatchObject({
    status: 409,
    code: 'LOCKED',
  });
  expect(await post('/v1/rollback', {})).toMatchObject({ status: 200, json: { status: 'rolled-back' } });
  expect(addresses()).toEqual(start);
});

it('answers 422 with the report when a change had to be undone', async () => {
  const start = addresses();
  // The path to the probe is cut by what is applied: it answers before, and not after.
  ns.ip('address', 'add', '198.51.100.1/32', 'dev', 'up0');
  const kept = await post('/v1/apply', {
    documents: [
      {
        ...document('x', '198.51.100.1/32'),
        spec: { adopt: true, addresses: [{ dev: 'up0', address: '198.51.100.1/32' }] },
      },
    ],
    ...now,
  });
  expect(kept.json).toMatchObject({ status: 'confirmed' });
  const undone = await post('/v1/apply', {
    documents: [document('x', '203.0.113.1/32')],
    confirmSeconds: 0,
    probes: ['ping:198.51.100.1'],
  });
  expect(undone).toMatchObject({
    status: 422,
    json: { code: 'ROLLED_BACK', report: { status: 'rolled-back' } },
  });
  expect(complaints(Problem, undone.json)).toEqual([]);
  expect(addresses()).toContain('198.51.100.1/32');
  await post('/v1/rollback', { revision: 0, ...now });
  ns.ip('address', 'flush', 'dev', 'up0');
  for (const address of start) ns.ip('address', 'add', address, 'dev', 'up0');
});

it('takes YAML with options in the query, and tells each mistake with its line', async () => {
  const yaml = [
    'apiVersion: weir.dev/v1',
    'kind: Network',
    'metadata: { name: y }',
    'spec:',
    '  addresses:',
    '    - { dev: up0, address: 192.0.2.9/33 }',
    '    - { dev: up0, adress: 192.0.2.9/24 }',
  ].join('\n');
  const mistakes = async (text: string) => {
    const refused = await post('/v1/plan', text);
    expect(refused.json).toMatchObject({ status: 400, code: 'DOCUMENT' });
    expect(complaints(Problem, refused.json)).toEqual([]);
    return (refused.json as { errors: { line: number; path: string; problem: string }[] }).errors;
  };
  expect(await mistakes(yaml)).toContainEqual(
    expect.objectContaining({
      line: 7,
      path: expect.stringMatching(/^spec\.addresses\.1/),
      problem: expect.stringContaining('did you mean "address"'),
    }),
  );
  expect(await mistakes(yaml.replace('adress', 'address'))).toContainEqual(
    expect.objectContaining({ line: 6, path: 'spec.addresses.0.address' }),
  );
  const good = `${yaml.split('\n').slice(0, 5).join('\n')}\n    - { dev: up0, address: 192.0.2.9/24 }\n`;
  const plan = await post('/v1/plan?view=text', good);
  expect(plan.json).toMatchObject({
    actions: [],
    text: expect.stringMatching(/\+ address 192\.0\.2\.9\/24/),
  });
});

it('refuses a change of another revision than If-Match says, and nothing happens', async () => {
  const start = addresses();
  const revision = await current();
  const body = { documents: [document('m', '192.0.2.7/24')], ...now };
  const refused = await post('/v1/apply', body, { 'if-match': `"${revision + 1}"` });
  expect(refused.json).toMatchObject({ status: 412, code: 'REVISION_MISMATCH' });
  expect(addresses()).toEqual(start);
  expect((await post('/v1/apply', body, { 'if-match': `"${revision}"` })).status).toBe(200);
  await post('/v1/rollback', { revision: 0, ...now });
  expect(addresses()).toEqual(start);
});

it('exports the node as documents that plan to nothing, as JSON and YAML', async () => {
  ns.ip('address', 'add', '192.0.2.77/24', 'dev', 'up0');
  const exported = await ask(agent.to, '/v1/state/documents');
  expect(exported.body).toContain('192.0.2.77/24');
  expect((await post('/v1/plan', exported.json)).json).toMatchObject({ actions: [] });
  const yaml = await ask(agent.to, '/v1/state/documents', { headers: { accept: 'application/yaml' } });
  expect((await post('/v1/plan', yaml.body)).json).toMatchObject({ actions: [] });
  ns.ip('address', 'del', '192.0.2.77/24', 'dev', 'up0');
});

it('lets 100,000 items through to the plan, which answers with the mistakes alone', async () => {
  const items = Array.from({ length: 100_000 }, (_, i) => ({
    dev: 'up0',
    address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`,
    label: 'up0:a-label-that-is-long',
  }));
  const big = { ...document('big'), spec: { addresses: items } };
  const { status, json } = await post('/v1/plan', { documents: [big] });
  expect({ status, code: json['code'] }).toEqual({ status: 400, code: 'DOCUMENT' });
  expect((await ask(agent.to, '/healthz')).status).toBe(200);
});

it('tells of changes as they happen', async () => {
  const stream = await openStream(agent.to, '/v1/events?kind=change');
  const applied = await post('/v1/apply', { documents: [document('e', '192.0.2.20/24')], ...now });
  expect(applied.json).toMatchObject({ status: 'confirmed' });
  const text = await stream.until(/"state":"confirmed"/);
  stream.close();
  expect(text).toMatch(/event: change\ndata: \{"kind":"change"/);
  await post('/v1/rollback', { revision: 0, ...now });
});

it('lets readers plan and look, and change nothing', async () => {
  const headers = { authorization: `Bearer ${reader}`, 'content-type': 'application/json' };
  const as = (path: string, body: unknown) =>
    ask(agent.tcp, path, { method: 'POST', headers, body: JSON.stringify(body) });
  const body = { documents: [document('r', '192.0.2.30/24')] };
  expect((await as('/v1/plan', body)).status).toBe(200);
  for (const path of ['/v1/apply', '/v1/confirm', '/v1/rollback'])
    expect((await as(path, body)).json).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  expect(addresses()).not.toContain('192.0.2.30/24');
});
