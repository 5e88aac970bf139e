// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CaptureList, CaptureReport } from '../../src/model/capture.ts';
import { type AgentProcess, agentProcess } from './agent-process.ts';
import { type Answer, ask } from './http-fixture.ts';
import { netns, type TestNetns } from './netns.ts';
import { type Ended, run, WEIR } from './weir.ts';

/** A program that runs while something happens. */
export interface Running {
  readonly child: ChildProcess;
  readonly output: () => Buffer;
  readonly errors: () => string;
  /** @returns its exit status. */
  ended(): Promise<number | null>;
}

export function start(program: string, ...args: readonly string[]): Running {
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

/** Patiently. @returns the first value that fits. */
export async function until<T>(what: () => T | Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let left = 400; ; left--) {
    const value = await what();
    if (fits(value)) return value;
    if (left === 0) throw new Error(`it did not come so far: ${JSON.stringify(value)}`);
    await delay(50);
  }
}

/** A request for a capture whose answer is still coming. */
export interface OpenCapture {
  readonly call: ClientRequest;
  readonly response: IncomingMessage;
  readonly id: string;
  /** What came so far. */
  readonly bytes: () => Buffer;
}

/** Two namespaces with a veth between them, and an agent in the near one that watches the far one too. */
export interface CaptureAgent extends AsyncDisposable {
  readonly near: TestNetns;
  readonly far: TestNetns;
  readonly agent: AgentProcess;
  /** Of the test; the agent's folder is `kept` in it. */
  readonly folder: string;
  weir(...args: readonly string[]): Promise<Ended>;
  background(...args: readonly string[]): Running;
  list(): Promise<readonly CaptureReport[]>;
  last(): Promise<CaptureReport>;
  /** A capture that runs, or waits. */
  running(): Promise<CaptureReport>;
  /** The last one, when it has ended. */
  ended(): Promise<CaptureReport>;
  /** Ask for one, and wait for the end of the answer. */
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  open(body: unknown): Promise<OpenCapture>;
}

export async function captureAgent(
  name: string,
  options: {
    readonly args?: readonly string[];
    readonly wrapper?: readonly string[];
    readonly kept?: string;
  } = {},
): Promise<CaptureAgent> {
  const [near, far] = await Promise.all([netns(`${name}n`), netns(`${name}f`)]);
  near.ip('link', 'add', 'cap0', 'type', 'veth', 'peer', 'name', 'cap1', 'netns', far.name);
  near.ip('address', 'add', '10.7.0.1/24', 'dev', 'cap0');
  far.ip('address', 'add', '10.7.0.2/24', 'dev', 'cap1');
  near.ip('link', 'set', 'cap0', 'up');
  far.ip('link', 'set', 'cap1', 'up');
  const folder = mkdtempSync(join(tmpdir(), 'wc-files-'));
  const kept = options.kept ?? `${folder}/kept`;
  const own = [
    `namespaces.watch=["${far.name}"]`,
    `capture.directory=${kept}`,
    'capture.minFreeBytes=1000000',
  ];
  const { wrapper } = options;
  const clean = async () => {
    await far[Symbol.asyncDispose]();
    await near[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  };
  const agent = await agentProcess({
    netns: near.name,
    args: [...own.flatMap((one) => ['--set', one]), ...(options.args ?? [])],
    ...(wrapper !== undefined && { wrapper }),
  }).catch(async (error) => {
    await clean();
    throw error;
  });
  const words = (args: readonly string[]) => [...WEIR, '--socket', agent.to.socketPath, ...args];
  const list = async () => ((await ask(agent.to, '/v1/captures')).json as unknown as CaptureList).items;
  const last = async () => (await list()).at(-1) as CaptureReport;
  const json = { 'content-type': 'application/json' };
  return {
    near,
    far,
    agent,
    folder,
    list,
    last,
    weir: (...args) => run(words(args)),
    background(...args) {
      const [program = '', ...rest] = words(args);
      return start(program, ...rest);
    },
    running: async () =>
      (await until(list, (items) => items.some(({ state }) => state !== 'ended'))).findLast(
        ({ state }) => state !== 'ended',
      ) as CaptureReport,
    ended: () => until(last, (report) => report?.state === 'ended'),
    post: (body, headers) =>
      ask(agent.to, '/v1/captures', {
        method: 'POST',
        headers: { ...json, ...headers },
        body: JSON.stringify(body),
      }),
    async open(body) {
      const text = JSON.stringify(body);
      const call = request({
        ...agent.to,
        path: '/v1/captures',
        method: 'POST',
        headers: json,
        agent: false,
      });
      call.end(text);
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      const parts: Buffer[] = [];
      response.on('error', () => {});
      call.on('error', () => {});
      response.on('data', (part: Buffer) => void parts.push(part));
      return {
        call,
        response,
        id: String(response.headers['weir-capture']),
        bytes: () => Buffer.concat(parts),
      };
    },
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await clean();
    },
  };
}

/** What tshark says of a capture file, frame by frame, in these fields. @throws when it, or capinfos, complains. */
export async function framesOf(file: string, ...fields: readonly string[]): Promise<readonly string[]> {
  const info = await run(['capinfos', file]);
  const shown = await run([
    'tshark',
    '-n',
    '-r',
    file,
    '-T',
    'fields',
    ...fields.flatMap((one) => ['-e', one]),
  ]);
  const said = info.stderr + shown.stderr.replace(/^Running as user.*\n/m, '');
  if (info.status !== 0 || shown.status !== 0 || said !== '') throw new Error(`${file}: ${said}`);
  return shown.stdout === '' ? [] : shown.stdout.replace(/\n$/, '').split('\n');
}
