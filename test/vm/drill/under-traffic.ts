// SPDX-License-Identifier: Apache-2.0
// The agent is killed, upgraded and downgraded while a client talks to the node: what policy says holds all the time.
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Traffic } from './client-main.ts';
import { PORTS } from './documents.ts';
import { ADDRESS, openSide, ROOT, request, startAgent, stopAgent } from './machine.ts';

const CLIENT = fileURLToPath(new URL('client-main.ts', import.meta.url));
const OTHER = '/run/other-version';
const OTHER_VERSION = '99.0.0';

/** The agent, by a name: each fault ends it and starts one, and the last one that it started is the agent from then on. */
export interface Running {
  agent: ChildProcess;
}

type Change = (running: Running) => Promise<void>;

/** By title. */
export const CHANGES: Readonly<Record<string, Change>> = {
  'the agent is killed (SIGKILL) and started again': async (running) => {
    const ended = once(running.agent, 'exit');
    running.agent.kill('SIGKILL');
    await ended;
    await delay(2000);
    running.agent = await startAgent();
  },
  'an upgrade and a downgrade: another version takes over, and the first one again': async (running) => {
    makeOtherVersion();
    for (const [root, version] of [
      [OTHER, OTHER_VERSION],
      [ROOT, versionIn(ROOT)],
    ] as const) {
      await stopAgent(running.agent);
      running.agent = await startAgent(root);
      const { body } = await request('GET', '/v1/node');
      const said = (body as { readonly agent: { readonly version: string } }).agent.version;
      if (said !== version) throw new Error(`version ${said} runs instead of ${version}`);
    }
  },
};

/** @returns what was wrong with the traffic meanwhile. */
export async function underTraffic(change: Change, running: Running): Promise<string | undefined> {
  const received = { open: counter(PORTS.a), closed: counter(PORTS.closed) };
  const args = [
    'netns',
    'exec',
    'operator',
    process.execPath,
    CLIENT,
    ADDRESS,
    `${PORTS.a}`,
    `${PORTS.closed}`,
  ];
  const client = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  try {
    await lines.next();
    await delay(1000);
    await change(running);
    await delay(1000);
    client.stdin.end();
    const traffic = JSON.parse((await lines.next()).value as string) as Traffic;
    const side = openSide();
    return problemOf(traffic, received.open.count(), received.closed.count(), side);
  } finally {
    client.kill('SIGKILL');
    received.open.close();
    received.closed.close();
  }
}

function problemOf(traffic: Traffic, open: number, closed: number, side: string): string | undefined {
  const { said, heard, broken, sent, knocked, connections, intrusions } = traffic;
  const problems = [
    broken === undefined ? '' : `the connection ended: ${broken}`,
    said > 0 && heard === said ? '' : 'not all that was said was heard',
    sent > 0 && open === sent ? '' : 'datagrams to the open port were lost',
    knocked > 0 && closed === 0 ? '' : 'datagrams reached the closed port',
    connections.begun > 0 && connections.made === connections.begun ? '' : 'connections failed',
    intrusions.begun > 0 && intrusions.made === 0 ? '' : 'the closed port was reached',
    side === 'a' ? '' : `afterwards the policy is on ${side}`,
  ].filter((one) => one !== '');
  const counts = JSON.stringify({ ...traffic, received: { open, closed } });
  return problems.length === 0 ? undefined : `${problems.join(', ')}: ${counts}`;
}

function counter(port: number) {
  const socket = createSocket('udp4');
  let count = 0;
  socket.on('message', () => count++).bind(port);
  return { count: () => count, close: () => socket.close() };
}

/** The same program under another version, in a place of its own. */
function makeOtherVersion(): void {
  for (const part of ['bin', 'dist', 'ebpf/build', 'native/build/Release/weir.node', 'package.json'])
    cpSync(`${ROOT}/${part}`, `${OTHER}/${part}`, { recursive: true });
  symlinkSync(`${ROOT}/node_modules`, `${OTHER}/node_modules`);
  const manifest = JSON.parse(readFileSync(`${OTHER}/package.json`, 'utf8'));
  writeFileSync(`${OTHER}/package.json`, JSON.stringify({ ...manifest, version: OTHER_VERSION }));
}

function versionIn(root: string): string {
  return JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).version;
}
