// SPDX-License-Identifier: Apache-2.0
// Declaring and changing on the command line, against the real agent in a namespace of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { testTerminal } from '../helpers/tmux.ts';
import { run, type TestAgent, testAgent, WEIR } from '../helpers/weir.ts';

let ns: TestNetns;
let agent: TestAgent;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-docs-'));
  ns = await netns('wG-cli');
  ns.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  ns.ip('link', 'set', 'up0', 'up');
  ns.ip('link', 'set', 'up1', 'up');
  agent = await testAgent(ns.name, '--set', 'namespaces.discover=false');
});
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await ns?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

// What one test leaves behind, also when it fails, is none of the next one's business.
afterEach(async () => void (await agent.weir('rollback', '0', ...NOW)));

/** Write a document that gives addresses to up0. @returns its file. */
function file(name: string, ...addresses: readonly string[]): string {
  const path = join(folder, `${name}.yaml`);
  mkdirSync(join(path, '..'), { recursive: true });
  const items = addresses.map((address) => `    - { dev: up0, address: ${address} }\n`).join('');
  const id = name.replace(/.*\//, '');
  writeFileSync(
    path,
    `apiVersion: weir.dev/v1\nkind: Network\nmetadata: { name: ${id} }\nspec:\n  addresses:\n${items}`,
  );
  return path;
}

const has = (address: string) => ns.ip('address', 'show', 'dev', 'up0').includes(`inet ${address}`);
const NOW = ['--yes', '--no-confirm', '--probe', 'none'];

it('plans, applies, confirms, tells the history and rolls back', async () => {
  const one = file('one', '192.0.2.1/24');
  const plan = await agent.weir('plan', '-f', one, '--detailed-exitcode');
  expect(plan).toMatchObject({ status: 3, stderr: '' });
  expect(plan.stdout).toMatch(/\+ address 192\.0\.2\.1\/24 dev up0/);
  expect(has('192.0.2.1/24')).toBe(false);

  const applied = await agent.weir(
    'apply',
    '-f',
    one,
    '--confirm',
    '5m',
    '--probe',
    'none',
    '--reason',
    'first',
  );
  expect(applied).toMatchObject({ status: 0, stderr: '' });
  expect(applied.stdout).toMatch(/is applied .* undone at .* unless confirmed: weir confirm/);
  expect(has('192.0.2.1/24')).toBe(true);
  expect((await agent.weir('status')).stdout).toMatch(/change +unconfirmed/);
  expect(await agent.weir('confirm')).toMatchObject({ status: 0, stderr: '' });
  expect((await agent.weir('confirm')).status).toBe(1);
  expect((await agent.weir('plan', '-f', one, '--detailed-exitcode')).status).toBe(0);

  const history = await agent.weir('history');
  expect(history.stdout).toMatch(/^\d+ \* +confirmed .* root +\+1 +first$/m);
  const [newest] = JSON.parse((await agent.weir('history', '-o', 'json')).stdout) as { revision: number }[];
  expect((await agent.weir('history', String(newest?.revision))).stdout).toMatch(
    /\+ address 192\.0\.2\.1\/24/,
  );

  const two = file('two', '192.0.2.2/24');
  expect(await agent.weir('apply', '-f', two, ...NOW)).toMatchObject({ status: 0, stderr: '' });
  expect([has('192.0.2.1/24'), has('192.0.2.2/24')]).toEqual([true, true]);
  expect((await agent.weir('diff', String(newest?.revision))).stdout).toMatch(/\+ address 192\.0\.2\.2\/24/);
  expect((await agent.weir('rollback', ...NOW)).status).toBe(0);
  expect([has('192.0.2.1/24'), has('192.0.2.2/24')]).toEqual([true, false]);
  expect((await agent.weir('rollback', '0', ...NOW)).status).toBe(0);
  expect(has('192.0.2.1/24')).toBe(false);
});

it('takes several files, directories and the standard input; --prune drops the rest', async () => {
  file('conf.d/10-a', '192.0.2.11/24');
  file('conf.d/20-b', '192.0.2.12/24');
  const extra = file('extra', '192.0.2.13/24');
  expect((await agent.weir('apply', '-f', join(folder, 'conf.d'), '-f', extra, ...NOW)).status).toBe(0);
  expect(['192.0.2.11/24', '192.0.2.12/24', '192.0.2.13/24'].map(has)).toEqual([true, true, true]);
  const words = [...WEIR, '--socket', agent.socket].join(' ');
  const piped = await run(['sh', '-c', `${words} plan -f - --prune < ${extra}`]);
  expect(piped.stdout).toMatch(/- address 192\.0\.2\.11\/24[\s\S]*- address 192\.0\.2\.12\/24/);
  expect((await agent.weir('apply', '-f', extra, '--prune', ...NOW)).status).toBe(0);
  expect(['192.0.2.11/24', '192.0.2.12/24', '192.0.2.13/24'].map(has)).toEqual([false, false, true]);
});

it('tells mistakes as compilers do, and applies nothing', async () => {
  const bad = join(folder, 'bad.yaml');
  writeFileSync(
    bad,
    'apiVersion: weir.dev/v1\nkind: Network\nmetadata: { name: bad }\nspec:\n  addresses:\n    - { dev: up0, adress: 192.0.2.1/24 }\n',
  );
  for (const verb of ['plan', 'apply']) {
    const ended = await agent.weir(verb, '-f', bad);
    expect(ended).toMatchObject({ status: 1, stdout: '' });
    expect(ended.stderr).toMatch(/bad\.yaml:6:\d+: spec\.addresses\.0.*did you mean "address"/);
  }
});

it('refuses what was made by somebody else, and takes it over when told to', async () => {
  ns.ip('address', 'add', '192.0.2.50/24', 'dev', 'up0');
  const taken = file('taken', '192.0.2.50/24');
  const refused = await agent.weir('apply', '-f', taken, ...NOW);
  expect(refused.status).toBe(1);
  expect(refused.stdout + refused.stderr).toMatch(/192\.0\.2\.50\/24.*adopt/s);
  const exported = (await agent.weir('show', 'state', '-o', 'yaml')).stdout;
  writeFileSync(join(folder, 'node.yaml'), exported);
  const plan = await agent.weir('plan', '-f', join(folder, 'node.yaml'), '-o', 'json');
  expect(JSON.parse(plan.stdout)).toMatchObject({ actions: [] });
  ns.ip('address', 'del', '192.0.2.50/24', 'dev', 'up0');
});

it('exports a node that has documents as documents that change nothing', async () => {
  const managed = join(folder, 'managed.yaml');
  const tuning =
    'kind: Tuning\nmetadata: { name: t }\nspec:\n  sysctls: { net.ipv4.conf.up0.rp_filter: 2 }\n';
  const devices = '  devices: [{ dev: up0, features: { tso: false } }]\n';
  writeFileSync(managed, `apiVersion: weir.dev/v1\n${tuning}${devices}`);
  const keep = file('managed-address', '192.0.2.70/24');
  expect(await agent.weir('apply', '-f', managed, '-f', keep, ...NOW)).toMatchObject({
    status: 0,
    stderr: '',
  });
  const exported = join(folder, 'exported.yaml');
  writeFileSync(exported, (await agent.weir('show', 'state', '-o', 'yaml')).stdout);
  const beside = await agent.weir('plan', '-f', exported);
  expect(beside).toMatchObject({ status: 1 });
  expect(beside.stderr).toMatch(/declared already at .*: keep one of the two, or drop .* with --prune$/m);
  const alone = await agent.weir('plan', '-f', exported, '--prune', '--detailed-exitcode');
  expect(alone).toMatchObject({ status: 0, stderr: '' });
  expect(alone.stdout).toContain('No changes.');
});

it('ends with 4 when a probe fails, and all is as before', async () => {
  const keep = file('keep', '198.51.100.1/32');
  expect((await agent.weir('apply', '-f', keep, ...NOW)).status).toBe(0);
  file('keep', '203.0.113.1/32');
  const undone = await agent.weir(
    'apply',
    '-f',
    keep,
    '--yes',
    '--no-confirm',
    '--probe',
    'ping:198.51.100.1',
  );
  expect(undone.status).toBe(4);
  expect(undone.stderr).toMatch(/weir: Rolled back, everything is as before: /);
  expect([has('198.51.100.1/32'), has('203.0.113.1/32')]).toEqual([true, false]);
});

it('asks on a terminal, counts down, and keeps what is confirmed with Enter', async () => {
  const asked = file('asked', '192.0.2.60/24');
  await using terminal = await testTerminal(110, 30);
  const line = [...WEIR, '--socket', agent.socket, 'apply', '-f', asked, '--probe', 'none'].join(' ');
  await terminal.start(`${line}; echo "<$?>"`);
  await terminal.until(/Apply this\? \[y\/N\]/);
  terminal.line('n');
  await terminal.until(/Nothing was changed\.\s+<1>/);
  expect(has('192.0.2.60/24')).toBe(false);
  await terminal.start(`${line}; echo "<$?>"`);
  await terminal.until(/Apply this\? \[y\/N\]/);
  // The second Enter comes too early to be a confirmation.
  terminal.line('y');
  terminal.line('');
  await terminal.until(/Enter confirms, n undoes it, \^C leaves/);
  await terminal.until(/running: 11\d s/);
  expect(has('192.0.2.60/24')).toBe(true);
  expect((await agent.weir('status')).stdout).toMatch(/unconfirmed/);
  terminal.line('');
  await terminal.until(/holds[\s\S]*<0>/);
  expect((await agent.weir('status')).stdout).not.toMatch(/unconfirmed/);
});

it('leaves the timer running on ^C, and undoes at once on n', async () => {
  const left = file('left', '192.0.2.61/24');
  await using terminal = await testTerminal(110, 30);
  const line = [...WEIR, '--socket', agent.socket, 'apply', '-f', left, '--probe', 'none'].join(' ');
  for (const [keys, ended] of [
    ['C-c', /The timer runs on: .*weir confirm\s+<0>/],
    ['n', /is undone\.\s+<0>/],
  ] as const) {
    await terminal.start(`${line}; echo "<$?>"`);
    await terminal.until(/Apply this\? \[y\/N\]/);
    terminal.line('y');
    await terminal.until(/Enter confirms/);
    if (keys === 'C-c') terminal.keys('C-c');
    else terminal.line(keys);
    await terminal.until(ended);
    expect(has('192.0.2.61/24')).toBe(keys === 'C-c');
    await agent.weir('rollback', '--yes');
  }
  expect(has('192.0.2.61/24')).toBe(false);
});
