// SPDX-License-Identifier: Apache-2.0
// Captures of the whole agent, against tcpdump, tshark and capinfos.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CaptureList, CaptureReport } from '../../src/model/capture.ts';
import { type AgentProcess, agentProcess } from '../helpers/agent-process.ts';
import { ask } from '../helpers/http-fixture.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { sendUdp } from '../helpers/packets.ts';
import { type Ended, run, WEIR } from '../helpers/weir.ts';

let near: TestNetns;
let far: TestNetns;
let agent: AgentProcess;
let folder: string;

beforeAll(async () => {
  [near, far] = await Promise.all([netns('wc-near'), netns('wc-far')]);
  near.ip('link', 'add', 'cap0', 'type', 'veth', 'peer', 'name', 'cap1', 'netns', far.name);
  near.ip('address', 'add', '10.7.0.1/24', 'dev', 'cap0');
  far.ip('address', 'add', '10.7.0.2/24', 'dev', 'cap1');
  near.ip('link', 'set', 'cap0', 'up');
  far.ip('link', 'set', 'cap1', 'up');
  folder = mkdtempSync(join(tmpdir(), 'wc-files-'));
  agent = await agentProcess({
    netns: near.name,
    args: [
      '--set',
      `namespaces.watch=["${far.name}"]`,
      '--set',
      `capture.directory=${folder}/kept`,
      '--set',
      'capture.minFreeBytes=1000000',
      '--set',
      'capture.quotaBytes=60000000',
    ],
  });
});
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]();
  await far?.[Symbol.asyncDispose]();
  await near?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A program that runs while something happens. */
interface Running {
  readonly child: ChildProcess;
  readonly output: () => Buffer;
  readonly errors: () => string;
  /** @returns its exit status. */
  ended(): Promise<number | null>;
}

function start(program: string, ...args: readonly string[]): Running {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (part: Buffer) => void output.push(part));
  child.stderr?.on('data', (part: Buffer) => void errors.push(part));
  const closed = once(child, 'close');
  return {
    child,
    output: () => Buffer.concat(output),
    errors: () => Buffer.concat(errors).toString(),
    ended: async () => (await closed)[0] as number | null,
  };
}

const weirWords = (...args: readonly string[]) => [...WEIR, '--socket', agent.to.socketPath, ...args];
const weir = (...args: readonly string[]): Promise<Ended> => run(weirWords(...args));
const background = (...args: readonly string[]) => {
  const [program = '', ...rest] = weirWords(...args);
  return start(program, ...rest);
};

async function until<T>(what: () => T | Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let left = 300; ; left--) {
    const value = await what();
    if (fits(value)) return value;
    if (left === 0) throw new Error(`it did not come so far: ${JSON.stringify(value)}`);
    await delay(50);
  }
}

const list = async () => ((await ask(agent.to, '/v1/captures')).json as unknown as CaptureList).items;
const running = () => until(list, (items) => items.some(({ state }) => state !== 'ended'));
const lastOne = async () => (await list()).at(-1) as CaptureReport;

/** What tshark says of a file, frame by frame; complaints are errors. */
async function frames(file: string): Promise<readonly string[]> {
  const info = await run(['capinfos', file]);
  expect([info.status, info.stderr]).toEqual([0, '']);
  const fields = [
    'frame.len',
    'frame.cap_len',
    'eth.src',
    'ip.src',
    'udp.srcport',
    'udp.length',
    'data.data',
    'frame.protocols',
  ];
  const shown = await run([
    'tshark',
    '-n',
    '-r',
    file,
    '-T',
    'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  expect(shown.status).toBe(0);
  expect(shown.stderr.replace(/^Running as user.*\n/m, '')).toBe('');
  return shown.stdout.trimEnd().split('\n');
}

test('a file equals that of tcpdump, frame for frame, and tshark reads it', async () => {
  const dump = join(folder, 'tcpdump.pcap');
  const file = join(folder, 'kept/same.pcapng');
  const tcpdump = start(
    'nsenter',
    `--net=/run/netns/${near.name}`,
    'tcpdump',
    '-U',
    '-i',
    'cap0',
    '-w',
    dump,
    'udp',
  );
  await until(tcpdump.errors, (text) => text.includes('listening'));
  const capture = background('capture', 'cap0', 'udp', '-w', 'same.pcapng');
  await running();
  sendUdp(far, { to: '10.7.0.1', count: 30, size: 20 });
  sendUdp(near, { to: '10.7.0.2', count: 30, size: 1400 });
  sendUdp(far, { to: '10.7.0.1', count: 10, size: 4000 });
  await delay(300);
  const [{ id }] = (await running()).filter(({ state }) => state === 'running') as [CaptureReport];
  expect((await weir('capture', 'stop', id)).stdout).toContain('stopped by');
  expect(await capture.ended()).toBe(0);
  tcpdump.child.kill('SIGINT');
  await tcpdump.ended();
  const mine = await frames(file);
  expect(mine).toEqual(await frames(dump));
  expect(mine.length).toBeGreaterThan(70);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const comment = await run(['capinfos', '-k', file]);
  expect(comment.stdout).toContain('captured on');
  const { packets, dropped, end, files } = await lastOne();
  expect({ packets, dropped, reason: end?.reason, files }).toEqual({
    packets: mine.length,
    dropped: 0,
    reason: 'stopped',
    files: [file],
  });
});
