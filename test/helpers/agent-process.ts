// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, READY_MS, WEIR } from './weir.ts';

/** The agent as a process of its own inside a namespace, with what it logs. */
export interface AgentProcess extends AsyncDisposable {
  readonly pid: number;
  /** Its API. */
  readonly to: { readonly socketPath: string };
  /** A Unix socket that leads to its TCP port, which only the namespace can reach. */
  readonly tcp: { readonly socketPath: string };
  readonly directory: string;
  log(): string;
  signal(name: NodeJS.Signals): void;
  /** Exit status, or the name of the signal. */
  ended(): Promise<number | string>;
}

export interface AgentProcessOptions {
  readonly netns: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Put before the command, e.g. `setpriv`. */
  readonly wrapper?: readonly string[];
  /** Files that exist already, of an agent before. */
  readonly directory?: string;
  /** Of Node itself. */
  readonly nodeFlags?: readonly string[];
}

/** A directory of one test's own. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'we-agent-'));
}

/** Start an agent and wait until it is ready. @throws with its log when it does not become so. */
export async function agentProcess(options: AgentProcessOptions): Promise<AgentProcess> {
  const directory = options.directory ?? scratch();
  rmSync(`${directory}/tcp`, { force: true });
  const agent = spawnAgent(options, directory);
  const output = collect(agent);
  const ended = once(agent, 'close').then(([status, signal]) => (status ?? signal) as number | string);
  let relay: ChildProcess | undefined;
  const stop = async () => {
    relay?.kill();
    agent.kill('SIGTERM');
    const late = setTimeout(() => agent.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
    if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
  };
  for (const end = Date.now() + READY_MS; !existsSync(`${directory}/tcp`); ) {
    if (Date.now() > end || !isRunning(agent)) {
      await stop();
      throw new Error(`the agent is not ready:\n${output()}`);
    }
    await delay(50);
    const [, port] = /"address":"127.0.0.1:(\d+)"[^\n]*\n[\s\S]*"msg":"ready"/.exec(output()) ?? [];
    if (port !== undefined) relay ??= spawnRelay(options.netns, directory, port);
  }
  return {
    pid: agent.pid as number,
    to: { socketPath: `${directory}/sock` },
    tcp: { socketPath: `${directory}/tcp` },
    directory,
    log: output,
    signal: (name) => void agent.kill(name),
    ended: () => ended,
    [Symbol.asyncDispose]: stop,
  };
}

function spawnAgent(options: AgentProcessOptions, directory: string): ChildProcess {
  const [node = '', main = ''] = WEIR;
  const { args = [], wrapper = [], nodeFlags = [], netns, env = {} } = options;
  const files = [
    '--socket',
    `${directory}/sock`,
    '--state-dir',
    `${directory}/state`,
    '--listen',
    '127.0.0.1:0',
  ];
  const own = ['--set', 'namespaces.discover=false'];
  const weir = [node, ...nodeFlags, main, 'agent', ...files, ...own, ...args];
  // nsenter and setpriv become what they run, so the pid is the agent's.
  return spawn('nsenter', [`--net=/run/netns/${netns}`, ...wrapper, ...weir], {
    env: { ...process.env, WEIR_CONFIG: '/dev/null', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  return () => output;
}

const RELAY = `
  const net = require('node:net');
  net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect({ host: '127.0.0.1', port: Number(process.argv[2]), allowHalfOpen: true });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    far.on('close', () => near.destroy());
  }).listen(process.argv[1]);
`;

function spawnRelay(netns: string, directory: string, port: string): ChildProcess {
  const [node = ''] = WEIR;
  return spawn('nsenter', [`--net=/run/netns/${netns}`, node, '-e', RELAY, `${directory}/tcp`, port], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
