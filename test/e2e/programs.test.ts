// SPDX-License-Identifier: Apache-2.0
// Operators' programs from the command line and by HTTP, over an agent of their own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ProgramList, ProgramReport } from '../../src/api/schemas/programs.ts';
import { type AgentProcess, agentProcess, scratch } from '../helpers/agent-process.ts';
import { bpfObject, PRELUDE } from '../helpers/bpf-object.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { ask, changeStatus } from '../helpers/change-client.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { counterObject } from '../helpers/program-bench.ts';
import { WEIR } from '../helpers/weir.ts';

const attach = [{ program: 'ingress', hook: 'tcx-ingress', devices: ['v0'] }];

/** An object that reads a packet without looking how long it is. */
const REJECTED = () =>
  bpfObject(`${PRELUDE}
    SEC("tcx/ingress") int ingress(struct __sk_buff *skb) { return *(int *)(long)skb->data; }`);

async function agentIn(ns: TestNetns, pinDir: string, directory: string): Promise<AgentProcess> {
  return agentProcess({
    netns: ns.name,
    directory,
    args: ['--pin-dir', pinDir, '--set', 'telemetry.disable=all'],
  });
}

async function cabled(): Promise<TestNetns> {
  const ns = await netns('wC');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  for (const device of ['v0', 'v1']) ns.ip('link', 'set', device, 'up');
  return ns;
}

function weir(agent: AgentProcess, ...args: readonly string[]) {
  const [node = '', main = ''] = WEIR;
  const run = spawnSync(node, [main, '--socket', agent.to.socketPath, ...args], { encoding: 'utf8' });
  return { status: run.status, out: run.stdout, err: run.stderr };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Frames over the cable; nobody answers. */
function send(ns: TestNetns, count: number): void {
  ns.ip('addr', 'replace', '192.0.2.1/24', 'dev', 'v1');
  ns.ip('neigh', 'replace', '192.0.2.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'v1');
  const text = `for _ in $(seq ${count}); do echo x > /dev/udp/192.0.2.9/9; done`;
  ns.exec('bash', '-c', text);
}

test('the command line deploys, lists, measures and deletes', async () => {
  const directory = scratch();
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await using ns = await cabled();
  using pins = bpffs();
  await using agent = await agentIn(ns, pins.path, directory);
  const file = join(directory, 'counter.bpf.o');
  writeFileSync(file, counterObject());
  const applied = weir(
    agent,
    ...['program', 'apply', 'guard', file, '--attach', 'ingress@tcx-ingress:v0', '--attach', 'early@xdp:v0'],
    ...['--set', 'step=2', '--memory', '1MiB', '--yes', '--no-confirm', '--probe', 'none'],
  );
  expect(applied).toMatchObject({ status: 0, err: '' });
  expect(applied.out).toContain('+ program guard function ingress on tcx-ingress v0');
  const list = weir(agent, 'program', 'list');
  expect(list.out).toMatch(/guard +- +ingress +tcx-ingress +v0 +1 +attached/);
  expect(list.out).toMatch(/guard +- +early +xdp +v0 +native +attached/);
  const others = join(directory, 'foreign.bpf.o');
  writeFileSync(others, counterObject());
  ns.ip('link', 'set', 'v1', 'xdpgeneric', 'obj', others, 'sec', 'xdp');
  const beside = weir(agent, 'program', 'list').out;
  expect(beside).toMatch(/Of others, left alone:[\s\S]*\d+ +early +- +xdp +v1/);
  const taken = weir(
    agent,
    ...[
      'program',
      'apply',
      'second',
      file,
      '--attach',
      'early@xdp:v1',
      '--yes',
      '--no-confirm',
      '--probe',
      'none',
    ],
  );
  expect(taken).toMatchObject({
    status: 4,
    err: expect.stringMatching(/xdp of v1 is taken by the program early/),
  });
  expect(weir(agent, 'program', 'show', 'guard').out).toMatch(/seen +\d+ +4 +/);
  expect((await ask(agent.to.socketPath, 'GET', '/v1/programs?measure=true')).status).toBe(200);
  send(ns, 20);
  const { body } = await ask(agent.to.socketPath, 'GET', '/v1/programs');
  const { items, measuring } = body as ProgramList;
  const cost = items[0]?.functions.find(({ name }) => name === 'ingress');
  expect(measuring).toBe(true);
  expect(cost?.runs).toBeGreaterThanOrEqual(20);
  expect(cost?.nanoseconds).toBeGreaterThan(0);
  expect(weir(agent, 'program', 'top', '--batch', '-n', '1', '--interval', '0.2').out).toMatch(
    /guard +ingress/,
  );
  const metrics = await scraped(agent);
  expect(metrics).toMatch(
    /weir_program_info\{program="guard",function="early",hook="xdp",target="v0",netns="",digest="sha256:/,
  );
  expect(metrics).toMatch(/weir_program_runs_total\{program="guard",function="ingress"\} [2-9]\d/);
  const rejected = join(directory, 'rejected.bpf.o');
  writeFileSync(rejected, REJECTED());
  const apply = ['program', 'apply', 'guard', rejected, '--attach', 'ingress@tcx-ingress:v0', '--yes'];
  expect(weir(agent, ...apply)).toMatchObject({
    status: 1,
    err: expect.stringMatching(/refuses the eBPF program ingress/),
  });
  expect(weir(agent, ...apply).err).not.toContain('processed');
  expect(weir(agent, ...apply, '--log').err).toContain('processed');
  expect(weir(agent, 'program', 'delete', 'guard', '--yes', '--no-confirm')).toMatchObject({ status: 0 });
  expect(readdirSync(join(pins.path, 'programs'))).toEqual([]);
  expect(weir(agent, 'program', 'delete', 'guard', '--yes').err).toContain('no program named');
});

async function scraped(agent: AgentProcess): Promise<string> {
  return spawnSync('curl', ['-s', '--unix-socket', agent.to.socketPath, 'http://weir/metrics'], {
    encoding: 'utf8',
  }).stdout;
}

test('by HTTP: put an object, put, look at and delete a program', async () => {
  const directory = scratch();
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await using ns = await cabled();
  using pins = bpffs();
  await using agent = await agentIn(ns, pins.path, directory);
  const bytes = counterObject();
  const digest = digestOf(bytes);
  const put = (path: string, type: string, body: Uint8Array | string, ...more: readonly string[]) => {
    const url = `http://weir${path}`;
    const flags = ['-s', '--unix-socket', agent.to.socketPath, '-X', 'PUT', '-H', `content-type: ${type}`];
    const run = spawnSync('curl', [...flags, ...more, '--data-binary', '@-', url], {
      input: body,
      encoding: 'utf8',
    });
    return JSON.parse(run.stdout) as Record<string, unknown>;
  };
  const binary = 'application/octet-stream';
  expect(put(`/v1/objects/sha256:${'0'.repeat(64)}`, binary, bytes)).toMatchObject({ code: 'BPF_OBJECT' });
  const text = Buffer.from('no object');
  expect(put(`/v1/objects/${digestOf(text)}`, binary, text)).toMatchObject({
    code: 'BPF_OBJECT',
    detail: expect.stringContaining('no ELF file'),
  });
  expect(put(`/v1/objects/${digest}`, binary, bytes)).toEqual({ digest, bytes: bytes.length });
  const options = 'confirmSeconds=0&probes=none';
  const spec = JSON.stringify({ object: { digest }, attach });
  expect(put(`/v1/programs/guard?${options}`, 'application/json', spec, '-H', 'If-Match: "7"')).toMatchObject(
    {
      code: 'REVISION_MISMATCH',
    },
  );
  expect(put(`/v1/programs/guard?${options}`, 'application/json', spec)).toMatchObject({
    status: 'confirmed',
  });
  const found = await ask(agent.to.socketPath, 'GET', '/v1/programs/guard');
  expect(found.body as ProgramReport).toMatchObject({ name: 'guard', state: 'whole', digest });
  const rejected = REJECTED();
  put(`/v1/objects/${digestOf(rejected)}`, binary, rejected);
  const bad = JSON.stringify({ object: { digest: digestOf(rejected) }, attach });
  const refusal = put(`/v1/programs/guard?${options}`, 'application/json', bad);
  expect(refusal).toMatchObject({ code: 'BPF_VERIFIER', status: 422 });
  expect(refusal['log']).toContain('processed');
  expect((await ask(agent.to.socketPath, 'GET', '/v1/programs/guard')).body).toMatchObject({ digest });
  expect((await ask(agent.to.socketPath, 'DELETE', `/v1/programs/guard?${options}`)).body).toMatchObject({
    status: 'confirmed',
  });
  expect((await ask(agent.to.socketPath, 'GET', '/v1/programs/guard')).status).toBe(404);
});

test('an agent that is killed leaves programs attached, and finds them again', async () => {
  const directory = scratch();
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await using ns = await cabled();
  using pins = bpffs();
  const bytes = counterObject();
  const file = join(directory, 'counter.bpf.o');
  writeFileSync(file, bytes);
  const document = {
    apiVersion: 'weir.dev/v1',
    kind: 'Program',
    metadata: { name: 'guard' },
    spec: { object: { digest: digestOf(bytes), path: file }, attach },
  };
  const wish = { documents: [document], confirmSeconds: 0, probes: ['none'] };
  const seen = async (agent: AgentProcess) =>
    ((await ask(agent.to.socketPath, 'GET', '/v1/programs/guard')).body as ProgramReport).attachments;
  let before: unknown;
  {
    await using agent = await agentIn(ns, pins.path, directory);
    expect((await ask(agent.to.socketPath, 'POST', '/v1/apply', wish)).body).toMatchObject({
      status: 'confirmed',
    });
    before = await seen(agent);
    agent.signal('SIGKILL');
    await agent.ended();
  }
  await using again = await agentIn(ns, pins.path, directory);
  expect(await seen(again)).toEqual(before);
  const { body } = await ask(again.to.socketPath, 'POST', '/v1/plan', { documents: [document] });
  expect(body).toMatchObject({ actions: [], diagnostics: [] });
  expect(await changeStatus(again.to.socketPath)).toMatchObject({ revision: 1, state: 'idle', drift: [] });
});
