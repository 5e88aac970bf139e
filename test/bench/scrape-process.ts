// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClientReport } from './scrape-client.ts';

/** CPU time that all threads of a process have used, in milliseconds. */
export function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + threadNanoseconds(pid, thread), 0) / 1e6;
}

function threadNanoseconds(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0; // a thread that just ended
  }
}

/** Resident memory in megabytes. */
export function rssMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** A process of the benchmark, inside the namespace. */
export class BenchProcess implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(netns: string, command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn('ip', ['netns', 'exec', netns, ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get child(): ChildProcess {
    return this.#child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

/** Scrapes from inside the namespace. */
export class ScrapeClient implements AsyncDisposable {
  readonly #process: BenchProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(netns: string) {
    const main = fileURLToPath(new URL('scrape-client.ts', import.meta.url));
    this.#process = new BenchProcess(netns, [process.execPath, main]);
    this.#answers = createInterface({ input: this.#process.child.stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
  }

  async scrape(url: string, file?: string): Promise<ClientReport> {
    this.#process.child.stdin?.write(`${url}${file === undefined ? '' : ` ${file}`}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the client is gone');
    const report = JSON.parse(value) as ClientReport;
    if (report.error !== undefined) throw new Error(`${url}: ${report.error}`);
    return report;
  }

  /** Scrape until it answers. */
  async ready(url: string): Promise<void> {
    for (let left = 100; ; left--) {
      try {
        await this.scrape(url);
        return;
      } catch (error) {
        if (left === 0) throw error;
        await sleep(100);
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

/** What the probe writes. Times in milliseconds, since the signal before. */
export interface ProbeReport {
  readonly signals: number;
  /** Longest time between two turns, by perf_hooks; on a busy machine most of it is waiting for a CPU. */
  readonly maxMs: number;
  /** The same without the time that the thread was ready to run and others had the CPUs. */
  readonly maxHeldMs: number;
}

/** Asks the probe of a process what it saw since it was asked before. */
export class Probe {
  readonly #pid: number;
  readonly #file: string;
  #signals = 0;

  constructor(pid: number, file: string) {
    this.#pid = pid;
    this.#file = file;
  }

  async report(): Promise<ProbeReport> {
    this.#signals++;
    process.kill(this.#pid, 'SIGUSR2');
    for (let left = 200; left > 0; left--) {
      const report = this.#read();
      if (report !== undefined && report.signals >= this.#signals) return report;
      await sleep(5);
    }
    throw new Error('the probe does not answer');
  }

  #read(): ProbeReport | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as ProbeReport;
    } catch {
      return undefined;
    }
  }
}
