// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What a client inside a namespace can be asked to do. */
export type ClientCommand =
  | { readonly get: string }
  | { readonly listen: number }
  | { readonly send: string; readonly port: number; readonly count: number };

/** A process inside a namespace that does what it is told. */
export interface NamespaceClient extends AsyncDisposable {
  readonly pid: number;
  /** @throws with the text of what went wrong there. */
  ask(command: ClientCommand): Promise<string>;
  /** The body at `url`, asked for until it answers. */
  get(url: string): Promise<string>;
}

/** Start a client in the namespace `netns` (a name under /run/netns). */
export async function namespaceClient(netns: string): Promise<NamespaceClient> {
  const main = fileURLToPath(new URL('namespace-client-main.ts', import.meta.url));
  const child = spawn('nsenter', [`--net=/run/netns/${netns}`, process.execPath, main], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command: ClientCommand) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await answers.next();
    if (done === true) throw new Error('the client in the namespace is gone');
    const { text, error } = JSON.parse(value) as { text?: string; error?: string };
    if (text === undefined) throw new Error(error);
    return text;
  };
  return {
    pid: child.pid as number,
    ask,
    get: (url) => patiently(() => ask({ get: url })),
    [Symbol.asyncDispose]: () => ended(child),
  };
}

/** A program running inside a namespace until it is disposed of. */
export interface NamespaceProcess extends AsyncDisposable {
  readonly pid: number;
}

/** Start `program` in the namespace with /sys as seen there (`ip netns exec` mounts it). */
export function namespaceProcess(netns: string, program: string, args: readonly string[]): NamespaceProcess {
  const child = spawn('ip', ['netns', 'exec', netns, program, ...args], { stdio: 'ignore' });
  return { pid: child.pid as number, [Symbol.asyncDispose]: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGKILL');
  await exit;
}

async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 100; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(100);
    }
  }
}
