// SPDX-License-Identifier: Apache-2.0
// Programs that the virtual machines need, each with a bound on its time, none outliving this process.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A fault of the machine or its tools, not of Weir: such a step may be tried again. */
export class InfrastructureError extends Error {
  override name = 'InfrastructureError';
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** Seconds; five minutes when it is not given. */
  readonly seconds?: number;
  /** A file that gets its output while it runs. */
  readonly log?: string;
}

/** Run a program to its end. @returns its standard output. @throws InfrastructureError with what it said. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): string {
  const log = options.log === undefined ? undefined : openSync(options.log, 'w');
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: Math.ceil((options.seconds ?? 300) * 1000),
    killSignal: 'SIGKILL',
    env: options.env ?? process.env,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.input !== undefined && { input: options.input }),
    ...(log !== undefined && { stdio: ['ignore', log, log] }),
  });
  if (log !== undefined) closeSync(log);
  const output = options.log === undefined ? done.stdout : readFileSync(options.log, 'utf8');
  if (done.error === undefined && done.status === 0) return output;
  const why = done.error?.message ?? `exit ${done.status ?? done.signal}`;
  const said = `${output ?? ''}${done.stderr ?? ''}`.trimEnd().slice(-4000);
  throw new InfrastructureError(`${program} ${args.join(' ')}: ${why}\n${said}`);
}

/** A program in the background. */
export interface Background {
  readonly pid: number;
  ended(): boolean;
  /** Wait for its end. @returns false when it still runs after `seconds`. */
  wait(seconds: number): Promise<boolean>;
  /** End it at once, as a power cut does. */
  kill(): Promise<void>;
}

/** Start a program in the background; the kernel kills it when this process dies. Its output goes into `log`. */
export function background(program: string, args: readonly string[], log: string): Background {
  const output = openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    stdio: ['ignore', output, output],
  });
  let over = false;
  const end = new Promise<void>((resolve) => {
    for (const event of ['exit', 'error'])
      child.on(event, () => {
        over = true;
        resolve();
      });
  });
  return {
    pid: child.pid ?? -1,
    ended: () => over,
    wait: (seconds) => within(end, seconds),
    async kill() {
      killIfRunning(child, over);
      await within(end, 10);
    },
  };
}

function killIfRunning(child: ChildProcess, over: boolean): void {
  if (!over) child.kill('SIGKILL');
}

async function within(end: Promise<void>, seconds: number): Promise<boolean> {
  const stop = new AbortController();
  const late = delay(seconds * 1000, false, { signal: stop.signal }).catch(() => false);
  const done = await Promise.race([end.then(() => true), late]);
  stop.abort();
  return done;
}

/** Poll until `holds`. @returns false when it does not within `seconds`, or `over` says that it never will. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  seconds: number,
  over: () => boolean = () => false,
): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    if (await holds()) return true;
    if (performance.now() > end) return false;
    // what holds may have come just before the end
    if (over()) return holds();
    await delay(200);
  }
}
