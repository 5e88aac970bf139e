// SPDX-License-Identifier: Apache-2.0
// The guest of a drill as a node: a disk that outlives it, a way to it that Weir does not manage, and the agent as a node
// runs it (bin/weir), seen from outside with `ip`, `tc` and `ping`.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, openSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask } from '../../helpers/change-client.ts';
import { shown } from '../../helpers/many-steps.ts';
import { documentsOf, PORTS, type Side, type Sides, type Subject, subjectOf } from './documents.ts';

/** Where the disk is mounted. */
export const DISK = '/mnt';
/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SOCKET = '/run/weir.sock';
const READY_SECONDS = 300;
/** Of the node, on eth0. */
export const ADDRESS = '192.0.2.1';

/** Tell the host: one line of JSON; it is there when this returns. */
export function tell(what: string, more: object = {}): void {
  appendFileSync('/results/said', `${JSON.stringify({ what, ...more })}\n`);
}

function program(name: string, ...args: readonly string[]): string {
  return execFileSync(name, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What the node's own start-up does, before the agent. */
export function startMachine(): void {
  // the kernel takes connections also while this process is busy
  for (const port of Object.values(PORTS)) createServer(echo).listen(port).unref();
  program('ip', 'link', 'set', 'eth0', 'up');
  program('ip', 'addr', 'add', `${ADDRESS}/24`, 'dev', 'eth0');
  // the operator is at the other end of the cable
  program('ip', 'netns', 'add', 'operator');
  program('ip', 'link', 'set', 'eth1', 'netns', 'operator');
  program('ip', '-n', 'operator', 'addr', 'add', '192.0.2.2/24', 'dev', 'eth1');
  program('ip', '-n', 'operator', 'link', 'set', 'eth1', 'up');
}

/** True when the operator reaches the node. */
export function isReachable(): boolean {
  const args = ['netns', 'exec', 'operator', 'ping', '-c', '1', '-W', '5', ADDRESS];
  return [1, 2, 3].some(() => spawnSync('ip', args).status === 0);
}

function echo(socket: Socket): void {
  socket.on('error', () => {}).pipe(socket);
}

/** The side of policy on which the operator finds the node: by which ports are open. */
export function openSide(): Side | 'neither' {
  const isOpen = (port: number) =>
    spawnSync('ip', [
      ...['netns', 'exec', 'operator', 'timeout', '3', 'bash', '-c'],
      `exec 3<>/dev/tcp/${ADDRESS}/${port}`,
    ]).status === 0;
  const [a, b, closed] = [PORTS.a, PORTS.b, PORTS.closed].map(isOpen);
  if (closed || a === b) return 'neither';
  return a ? 'a' : 'b';
}

/**
 * Start the agent and wait until it is ready, which is when the last confirmed revision holds.
 * @param root Where its files are: another checkout's are another version.
 */
export async function startAgent(root = ROOT): Promise<ChildProcess> {
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
    '--pin-dir',
    '/sys/fs/bpf/weir',
    '--set',
    'telemetry.disable=all',
  ];
  const agent = spawn(`${root}/bin/weir`, args, {
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

/** Ask for a change of one subject to `side`. @returns the HTTP status and the report or the problem. */
export function change(subject: Subject, side: Side, confirmSeconds: number) {
  return applied(subjectOf(subject, side), confirmSeconds);
}

/** Ask for a change to documents. */
export function applied(documents: readonly object[], confirmSeconds: number) {
  return request('POST', '/v1/apply', { documents, confirmSeconds, probes: ['none'] });
}

/** True when a plan to these sides is empty: the journal's revision and the kernel are there. */
export async function isAt(sides: Sides): Promise<boolean> {
  const documents = documentsOf(sides);
  const { status, body } = await request('POST', '/v1/plan', { documents, prune: true });
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
