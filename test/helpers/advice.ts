// SPDX-License-Identifier: Apache-2.0
// What the rules say of a namespace while something happens in it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { NamespaceSnapshot } from '../../src/observe/snapshot.ts';
import { readSample, readSysctls } from '../../src/observe/tuning/sample.ts';
import { type Advice, advise } from '../../src/tuning/advice/advise.ts';
import { RULES } from '../../src/tuning/advice/registry.ts';
import { Window } from '../../src/tuning/advice/window.ts';
import type { TestNetns } from './netns.ts';

/** Rules of a namespace; those of the whole machine see what others do on it. */
const OWN_RULES = RULES.filter(({ node }) => node === undefined);

/** Advice on the namespace, as if it were the agent's own, over the time that `work` takes. */
export async function adviceDuring(ns: TestNetns, work: () => Promise<unknown>): Promise<readonly Advice[]> {
  const { before, after } = await samplesAround(ns, work);
  return advise(new Window(before, after), () => false, OWN_RULES);
}

/** The same with rules of the whole machine, whose sysctls are read where they are: in its first namespace. */
export async function machineAdviceDuring(
  ns: TestNetns,
  work: () => Promise<unknown>,
): Promise<readonly Advice[]> {
  const { before, after } = await samplesAround(ns, work);
  const own = await namespaces().own();
  try {
    const sysctls = new Map([...(await readSysctls(own)), ...after.sysctls]);
    return advise(new Window(before, { ...after, sysctls }), () => false);
  } finally {
    await own.close();
  }
}

async function samplesAround(ns: TestNetns, work: () => Promise<unknown>) {
  const io = await ns.io();
  const named = { ...io, netns: { ...io.netns, name: '' } };
  const snapshot = new NamespaceSnapshot(named);
  await snapshot.start();
  try {
    const namespace = { name: '', inode: ns.inode, io: named, snapshot };
    const read = () => readSample(namespace, { whole: true, now: () => performance.now() });
    const before = await read();
    await work();
    return { before, after: await read() };
  } finally {
    snapshot.close();
  }
}

/** A program of a test in a namespace, until it is disposed of. */
export interface Running extends AsyncDisposable {
  /** Resolves with its exit status. */
  readonly ended: Promise<number | null>;
  /** What it has printed so far. */
  lines(): readonly string[];
}

/** Run Python in the namespace; when `ready` it has printed its first line. */
export async function python(ns: TestNetns, program: string, ready = true): Promise<Running> {
  const child: ChildProcess = spawn(
    'nsenter',
    [`--net=/run/netns/${ns.name}`, 'python3', '-u', '-c', program],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit').then(([status]) => status as number | null);
  let printed = '';
  child.stdout?.on('data', (bytes) => {
    printed += String(bytes);
  });
  if (ready) await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), ended]);
  return {
    ended,
    lines: () => printed.split('\n').slice(0, -1),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Wait until `check` holds, at most a minute. */
export async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  for (let left = 600; left > 0; left--) {
    if (await check()) return;
    await sleep(100);
  }
  throw new Error('it did not come to that within a minute');
}
