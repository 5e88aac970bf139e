// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { labHost } from '../../src/agent/lab-host.ts';
import { createLab, type Lab } from '../../src/lab/lab.ts';
import { EDGE_SITE } from '../../src/lab/topology.ts';

/** Labs, as `weir lab` uses them. */
export const LAB: Lab = createLab(labHost());

/** Names of the nodes. */
export const LAB_NODES: readonly string[] = EDGE_SITE.nodes.map((node) => node.name);

/** A lab of one test's own: `await using lab = await testLab('wf')`. */
export interface TestLab extends AsyncDisposable {
  /** Prefix of its namespaces. */
  readonly name: string;
  /** Name of a node's namespace. */
  netns(node: string): string;
  /** Run any program in a node. @returns its standard output. */
  exec(node: string, program: string, ...args: readonly string[]): string;
}

/** Build a lab under a unique name. At its end it must be gone. */
export async function testLab(prefix: string): Promise<TestLab> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await LAB.up(name);
  const netns = (node: string) => `${name}-${node}`;
  const inodes = inodesOf(LAB_NODES.map(netns));
  return {
    name,
    netns,
    exec: (node, program, ...args) =>
      execFileSync('nsenter', [`--net=/run/netns/${netns(node)}`, program, ...args], { encoding: 'utf8' }),
    async [Symbol.asyncDispose]() {
      await LAB.down(name);
      await mustBeGone(inodes);
    },
  };
}

/** Inodes of named namespaces. */
export function inodesOf(names: readonly string[]): readonly number[] {
  return names.map((name) => statSync(`/run/netns/${name}`).ino);
}

/** Wait until no process is in one of the namespaces. @throws when one still is after two seconds. */
export async function mustBeGone(inodes: readonly number[]): Promise<void> {
  let held: readonly string[] = [];
  for (let attempt = 0; attempt < 20; attempt++) {
    held = heldBy(inodes);
    if (held.length === 0) return;
    await delay(100);
  }
  throw new Error(`still there: ${held.join(', ')}`);
}

function heldBy(inodes: readonly number[]): readonly string[] {
  const wanted = new Set(inodes.map((inode) => `net:[${inode}]`));
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map((pid) => `/proc/${pid}/ns/net`).filter((link) => wanted.has(targetOf(link)));
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
