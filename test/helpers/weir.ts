// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const NODE = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/agent/main.ts', import.meta.url));

/** The words that start weir from its sources. */
export const WEIR: readonly string[] = [NODE, MAIN];

/** How a process ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run a program to its end; it is killed after 50 s. */
export async function run(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, { env: { ...process.env, ...env }, timeout: 50_000 });
  child.stdin.end();
  const closed = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve([status, signal]));
  });
  const [stdout, stderr, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    closed,
  ]);
  return { status, signal, stdout, stderr };
}

/** Run `weir ...args`. */
export function weir(...args: readonly string[]): Promise<Ended> {
  return run([...WEIR, ...args]);
}

/** An agent of a test's own. */
export interface TestAgent extends AsyncDisposable {
  readonly socket: string;
  readonly pid: number;
  /** Run `weir --socket <its socket> ...args`. */
  weir(...args: readonly string[]): Promise<Ended>;
}

/** Milliseconds until an agent must be ready, on a machine that is busy with other tests. */
export const READY_MS = 50_000;

/** True until a process has ended, by itself or by a signal. */
export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** What /readyz says on a socket that may not be there yet. */
function isReady(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = get({ socketPath, path: '/readyz', timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    call.on('error', () => resolve(false));
    call.on('timeout', () => call.destroy());
  });
}

/** Start an agent inside the namespace `netns`, ready to answer. `await using` ends it. */
export async function testAgent(netns: string, ...flags: readonly string[]): Promise<TestAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-agent-'));
  const socket = join(folder, 'weir.sock');
  const words = ['agent', '--socket', socket, '--listen', 'none', '--state-dir', folder, ...flags];
  const child = spawn('nsenter', [`--net=/run/netns/${netns}`, ...WEIR, ...words], {
    env: { ...process.env, WEIR_CONFIG: '/dev/null' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const log = Promise.all([text(child.stdout), text(child.stderr)]);
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true });
  };
  const weirOf = (...args: readonly string[]) => weir('--socket', socket, ...args);
  for (const end = Date.now() + READY_MS; Date.now() < end && isRunning(child); await delay(50))
    if (await isReady(socket))
      return { socket, pid: child.pid as number, weir: weirOf, [Symbol.asyncDispose]: stop };
  await stop();
  throw new Error(`the agent did not become ready:\n${(await log).join('')}`);
}
