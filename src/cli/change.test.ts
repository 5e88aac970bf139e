// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import {
  APPLIED,
  changeDouble,
  type DoubleAnswers,
  IDLE,
  PLAN,
  REVISION,
} from '../../test/helpers/change-double.ts';
import { fixedService, httpFixture } from '../../test/helpers/http-fixture.ts';
import { WeirError } from '../base/errors.ts';
import type { CliDeps } from './deps.ts';
import { runCli } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-change-'));
const file = join(folder, 'uplink.yaml');
writeFileSync(file, 'kind: Network\n');
const directory = join(folder, 'conf.d');
mkdirSync(directory);
for (const name of ['20-b.yml', '10-a.json', 'notes.txt', '.hidden.yaml'])
  writeFileSync(join(directory, name), name);
afterAll(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly answers?: DoubleAnswers;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Run a command line against the application over a double. */
async function weir(args: readonly string[], { answers, env = {}, stdin = '' }: Given = {}) {
  const double = changeDouble(answers);
  await using http = await httpFixture({ service: fixedService(3, double) });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [text(stdout), text(stderr)];
  const input = new PassThrough();
  input.end(stdin);
  const none = () => Promise.reject(new Error('not in this test'));
  const socket = 'socketPath' in http.to ? http.to.socketPath : '';
  const code = await runCli(
    {
      version: '0.0.0',
      env,
      stdin: input as unknown as CliDeps['stdin'],
      stdout: stdout as unknown as CliDeps['stdout'],
      stderr,
      runAgent: none,
      lab: { up: none, down: none, status: none, exec: none },
      uninstall: none,
    },
    ['--socket', socket, ...args],
  );
  stdout.end();
  stderr.end();
  return { code, out: await out, err: await err, calls: double.calls };
}

/** What the agent was sent with the call `index`. */
function sent(calls: Awaited<ReturnType<typeof weir>>['calls'], index = 0): Record<string, unknown> {
  const [body] = calls[index]?.args ?? [];
  return JSON.parse((body as { bytes: string }).bytes) as Record<string, unknown>;
}

test('plan sends files with their names, shows the text, and ends with 3 only when asked', async () => {
  const plan = await weir(['plan', '-f', file, '-f', directory, '--prune']);
  expect(plan).toMatchObject({ code: 0, out: '+ link br0\n', err: '' });
  expect(sent(plan.calls)).toEqual({
    prune: true,
    files: [
      { name: file, text: 'kind: Network\n' },
      { name: join(directory, '10-a.json'), text: '10-a.json' },
      { name: join(directory, '20-b.yml'), text: '20-b.yml' },
    ],
  });
  expect((await weir(['plan', '-f', file, '--detailed-exitcode'])).code).toBe(3);
  const counts = { create: 0, change: 0, replace: 0, remove: 0, adopt: 0 };
  const answers = { plan: { ...PLAN, counts, actions: [] } };
  expect((await weir(['plan', '-f', file, '--detailed-exitcode'], { answers })).code).toBe(0);
});

test('plan gives data as JSON and YAML, reads the standard input, and says where the operator comes from', async () => {
  const env = { SSH_CONNECTION: 'fe80::2%eth0 50000 fe80::1 22' };
  const json = await weir(['plan', '-f', '-', '-o', 'json'], { env, stdin: 'kind: Tuning\n' });
  expect(JSON.parse(json.out)).toEqual(PLAN);
  expect(sent(json.calls)).toEqual({
    files: [{ name: '<stdin>', text: 'kind: Tuning\n' }],
    prune: false,
    peer: 'fe80::2',
  });
  expect((await weir(['plan', '-f', file, '-o', 'yaml'])).out).toMatch(/^revision: 3\n/);
});

test('mistakes in documents are told one on a line, as editors jump to them', async () => {
  const problems = [
    { path: 'spec.mtu', problem: 'must be >= 68', file: 'a.yaml', line: 3, column: 9 },
    { path: 'metadata', problem: '"name" is missing', file: 'b.yaml' },
    { path: 'spec.links.0', problem: "it is not Weir's", document: 'Network/x' },
  ];
  const plan = new WeirError('DOCUMENT', { count: '3 mistakes', first: 'x' }, { problems });
  const ended = await weir(['plan', '-f', file], { answers: { plan } });
  expect(ended).toMatchObject({ code: 1, out: '' });
  expect(ended.err.split('\n')).toEqual([
    'a.yaml:3:9: spec.mtu: must be >= 68',
    'b.yaml: metadata: "name" is missing',
    "weir: Network/x: spec.links.0: it is not Weir's",
    '',
  ]);
});

test('a plan with errors ends with 1, and is not applied', async () => {
  const diagnostics = [{ severity: 'error' as const, code: 'CONFLICT', message: 'taken' }];
  const answers = { plan: { ...PLAN, diagnostics } };
  expect((await weir(['plan', '-f', file], { answers })).code).toBe(1);
  const applied = await weir(['apply', '-f', file], { answers });
  expect(applied.code).toBe(1);
  expect(applied.calls.map(({ name }) => name)).toEqual(['plan']);
});

test('apply carries out the plan that it showed, and says how to keep it', async () => {
  const words = ['--confirm', '5m', '--probe', 'gateway', '--probe', 'tcp:192.0.2.1:22', '--reason', 'why'];
  const applied = await weir(['apply', '-f', file, ...words]);
  expect(applied).toMatchObject({ code: 0, err: '' });
  expect(applied.out).toMatch(
    /^\+ link br0\nRevision 4 is applied \(in 0.25 s\), and undone at .*: weir confirm\n$/,
  );
  expect(sent(applied.calls, 1)).toEqual({
    files: [{ name: file, text: 'kind: Network\n' }],
    prune: false,
    confirmSeconds: 300,
    probes: ['gateway', 'tcp:192.0.2.1:22'],
    reason: 'why',
  });
  expect(applied.calls[1]?.args[1]).toEqual({ ifRevision: PLAN.revision });
});

test('apply without a confirmation, of a given revision, as data', async () => {
  const apply = { ...APPLIED, status: 'confirmed' as const };
  const applied = await weir(['apply', '-f', file, '--no-confirm', '--if-revision', '7', '-o', 'json'], {
    answers: { apply },
  });
  expect(JSON.parse(applied.out)).toEqual(apply);
  expect(applied.calls.map(({ name }) => name)).toEqual(['apply']);
  expect(sent(applied.calls)['confirmSeconds']).toBe(0);
  expect(applied.calls[0]?.args[1]).toEqual({ ifRevision: 7 });
});

test('a change that was undone ends with 4 and says what failed', async () => {
  const probes = [{ probe: 'gateway', before: true, after: false, detail: 'no answer' }];
  const apply = { ...APPLIED, status: 'rolled-back' as const, error: 'a probe failed', probes };
  const undone = await weir(['apply', '-f', file], { answers: { apply } });
  expect(undone.code).toBe(4);
  expect(undone.err).toBe(
    'weir: Rolled back, everything is as before: a probe failed\n  probe gateway failed: no answer\n',
  );
  const json = await weir(['apply', '-f', file, '-o', 'json'], { answers: { apply } });
  expect(json.code).toBe(4);
  expect(JSON.parse(json.out)).toEqual(apply);
});

test('confirm and rollback say which revision, and rollback that was asked for is no failure', async () => {
  const confirmed = await weir(['confirm', '--revision', '4'], {
    answers: { apply: { ...APPLIED, status: 'confirmed' } },
  });
  expect(confirmed).toMatchObject({ code: 0, out: 'Revision 4 holds (in 0.25 s).\n' });
  expect(confirmed.calls[0]).toMatchObject({ name: 'confirm', args: [{ revision: 4 }, { who: 'root' }] });
  const back = await weir(['rollback', '2', '--no-confirm', '--if-revision', '4'], {
    answers: { apply: { ...APPLIED, status: 'rolled-back' } },
  });
  expect(back).toMatchObject({ code: 0, out: 'Rolled back: revision 4 is undone.\n' });
  expect(back.calls[0]?.args[0]).toEqual({ revision: 2, confirmSeconds: 0, ifRevision: 4 });
});

test('history lists revisions and shows one', async () => {
  const list = await weir(['history', '-n', '5']);
  expect(list.out).toMatch(/^REVISION +STATE .*\n3 \* +confirmed .* root +\+1 +second uplink\n$/);
  expect(list.calls[0]?.args).toEqual([{ limit: 5 }]);
  expect(JSON.parse((await weir(['history', '-o', 'json'])).out)).toEqual([REVISION]);
  const one = await weir(['history', '3']);
  expect(one.out).toMatch(/^revision +3 \(current\)\n.*confirmed by +root\n.*\n\n\+ link br0\n$/s);
});

test('diff, show state and status', async () => {
  const diff = await weir(['diff', '1', '2', '--full']);
  expect(diff).toMatchObject({ code: 0, out: '+ link br0\n' });
  expect(diff.calls[0]?.args).toEqual([
    { from: 1, to: 2 },
    { view: 'text', full: true },
  ]);
  expect((await weir(['show', 'state', '--netns', 'blue'])).out).toBe('kind: Network\n');
  expect(JSON.parse((await weir(['show', 'state', '-o', 'json'])).out)).toEqual([{ kind: 'Network' }]);
  const status = {
    ...IDLE,
    state: 'unconfirmed' as const,
    holder: 'root',
    deadline: '2026-01-01T00:02:00.000Z',
    problem: 'revision 2 could not be applied',
  };
  const told = await weir(['status', '-o', 'json'], { answers: { status } });
  expect(JSON.parse(told.out)).toMatchObject({ node: 'test', change: status });
});

test.each([
  [['plan', '-f', '/nonexistent.yaml'], /nonexistent\.yaml: there is no such file/],
  [['plan', '-f', `${folder}/empty`], /there are no files \*\.yaml/],
  [['plan', '-f', '-', '-f', '-'], /only once/],
  [['apply', '-f', file, '--confirm', 'soon'], /a time is 90, 90s, 5m or 1h/],
  [['apply', '-f', file, '--confirm', '25h'], /at most 24h/],
  [['rollback', 'x'], /a revision is a number/],
  [['history', '-n', '0'], /from 1 to 1000/],
])('%j is a mistake in usage', async (args, message) => {
  mkdirSync(join(folder, 'empty'), { recursive: true });
  const ended = await weir(args);
  expect(ended).toMatchObject({ code: 2, out: '', calls: [] });
  expect(ended.err).toMatch(message);
});
