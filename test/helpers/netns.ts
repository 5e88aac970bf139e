// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createNamespace, deleteNamespace, namespaces } from '../../src/kernel/namespaces.ts';
import type { NamespaceIo } from '../../src/kernel/ports.ts';

/** A network namespace of one test's own: `await using ns = await netns('wb')`. */
export interface TestNetns extends AsyncDisposable {
  readonly name: string;
  readonly inode: number;
  /** Opened on first use, closed with the namespace. */
  io(): Promise<NamespaceIo>;
  /** Run a program of iproute2 in it: `ns.ip('link', 'add', ...)`. @returns its standard output. */
  ip(...args: readonly string[]): string;
  tc(...args: readonly string[]): string;
  /** Run any program in it. */
  exec(program: string, ...args: readonly string[]): string;
}

/**
 * Create a namespace with a unique name `prefix-xxxxxxxx` and its loopback device up.
 * At the end its devices are set down, its name is removed, and it must be gone: an error names who holds it.
 */
export async function netns(prefix: string): Promise<TestNetns> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  createNamespace(name);
  const { ino: inode } = statSync(`/run/netns/${name}`);
  let opened: Promise<NamespaceIo> | undefined;
  run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  return {
    name,
    inode,
    io: () => (opened ??= namespaces().open(name)),
    ip: (...args) => run('ip', ['-n', name, ...args]),
    tc: (...args) => run('tc', ['-n', name, ...args]),
    exec: (program, ...args) => run('nsenter', [`--net=/run/netns/${name}`, program, ...args]),
    async [Symbol.asyncDispose]() {
      await (await opened)?.close();
      // a packet that circles between two devices would keep them busy for ever, even without a name
      try {
        linksDown(name);
      } finally {
        deleteNamespace(name);
      }
      await mustBeGone(name, inode);
    },
  };
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function linksDown(name: string): void {
  const links = JSON.parse(run('ip', ['-n', name, '-j', 'link', 'show'])) as {
    ifname: string;
    flags: string[];
  }[];
  const up = links.filter(({ flags }) => flags.includes('UP'));
  const commands = up.map(({ ifname }) => `link set dev ${ifname} down\n`).join('');
  // one that goes meanwhile, with the namespace of its other end, is down as well
  spawnSync('ip', ['-n', name, '-force', '-batch', '-'], { input: commands, stdio: 'pipe' });
}

async function mustBeGone(name: string, inode: number): Promise<void> {
  let holders: readonly string[] = [];
  for (let attempt = 0; attempt < 20; attempt++) {
    holders = holdersOf(inode);
    if (holders.length === 0) return;
    await delay(100);
  }
  throw new Error(`the network namespace ${name} is still held by ${holders.join(', ')}`);
}

/** Processes that are in the namespace or hold a descriptor of it. */
function holdersOf(inode: number): string[] {
  const target = `net:[${inode}]`;
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) =>
    [`/proc/${pid}/ns/net`, ...descriptorsOf(pid)].filter((link) => linkOf(link) === target),
  );
}

function descriptorsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
