// SPDX-License-Identifier: Apache-2.0
// The guest of a drill as a node: a disk that outlives it, a way to it that Weir does not manage, and the agent as a node
// runs it (bin/weir), seen from outside with `ip`, `tc` and `ping`.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask } from '../../helpers/change-client.ts';
import { shown } from '../../helpers/many-steps.ts';
import { documentsOf, type Side } from './documents.ts';

/** Where the disk is mounted. */
export const DISK = '/mnt';
const WEIR = fileURLToPath(new URL('../../../bin/weir', import.meta.url));
const SOCKET = '/run/weir.sock';
const READY_SECONDS = 300;

/** Tell the host: one line of JSON; it is there when this returns. */
export function tell(what: string, more: object = {}): void {
  appendFileSync('/results/said', `${JSON.stringify({ what, ...more })}\n`);
}

function program(name: string, ...args: readonly string[]): string {
  return execFileSync(name, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What the node's own start-up does, before the agent. */
export function startMachine(): void {
  program('ip', 'link', 'set', 'eth0', 'up');
  program('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
  // the operator is at the other end of the cable
  program('ip', 'netns', 'add', 'operator');
  program('ip', 'link', 'set', 'eth1', 'netns', 'operator');
  program('ip', '-n', 'operator', 'addr', 'add', '192.0.2.2/24', 'dev', 'eth1');
  program('ip', '-n', 'operator', 'link', 'set', 'eth1', 'up');
}

/** True when the operator reaches the node. */
export function isReachable(): boolean {
  const args = ['netns', 'exec', 'operator', 'ping', '-c', '1', '-W', '5', '192.0.2.1'];
  return [1, 2, 3].some(() => spawnSync('ip', args).status === 0);
}

/** Start the agent and wait until it is ready, which is when the last confirmed revision holds. */
export async function startAgent(): Promise<ChildProcess> {
  mkdirSync(`${DISK}/state`, { recursive: true });
  const log = openSync('/results/agent.log', 'a');
  const args = [
    'agent',
    '--socket',
    SOCKET,
    '--state-dir',
    `${DISK}/state`,
    '--listen',
    'none',
    '--set',
    'telemetry.disable=all',
  ];
  const agent = spawn(WEIR, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, WEIR_CONFIG: '/dev/null' },
  });
  const end = performance.now() + READY_SECONDS * 1000;
  while (performance.now() < end && agent.exitCode === null) {
    const answer = await ask(SOCKET, 'GET', '/readyz').catch(() => undefined);
    if (answer?.status === 200) return agent;
    await delay(100);
  }
  throw new Error(`the agent is not ready after ${READY_SECONDS} s (exit ${agent.exitCode})`);
}

export async function stopAgent(agent: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  agent.kill('SIGTERM');
  await ended;
}

/** What `ip` and `tc` show of the node. */
export function kernelState(): unknown {
  return shown({
    ip: (...args: readonly string[]) => program('ip', ...args),
    tc: (...args: readonly string[]) => program('tc', ...args),
  } as Parameters<typeof shown>[0]);
}

export function request(method: string, path: string, body?: unknown) {
  return ask(SOCKET, method, path, body);
}

/** Ask for a change to `side`. @returns the HTTP status and the report or the problem. */
export function change(side: Side, confirmSeconds: number) {
  const documents = documentsOf(side);
  return request('POST', '/v1/apply', { documents, prune: true, confirmSeconds, probes: ['none'] });
}

/** True when a plan to `side` is empty: the journal's revision and the kernel are that side. */
export async function isAt(side: Side): Promise<boolean> {
  const { status, body } = await request('POST', '/v1/plan', { documents: documentsOf(side), prune: true });
  if (status !== 200) throw new Error(JSON.stringify(body));
  const { actions } = body as { readonly actions: readonly unknown[] };
  return actions.length === 0;
}

export interface Standing {
  readonly revision: number;
  readonly state: string;
  readonly problem?: string;
}

export async function standing(): Promise<Standing> {
  return (await request('GET', '/v1/change')).body as Standing;
}
