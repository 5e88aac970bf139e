// SPDX-License-Identifier: Apache-2.0
// Faults that leave the power on: a full disk, a clock that jumps, a kernel whose BTF nobody can read.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { network } from '../../helpers/change-client.ts';
import type { Side } from './documents.ts';
import {
  applied,
  change as changeOf,
  DISK,
  isAt as isAtSides,
  isReachable,
  request,
  standing,
  startAgent,
  stopAgent,
  tell,
} from './machine.ts';
import { CHANGES, type Running, underTraffic } from './under-traffic.ts';

interface NodeBody {
  readonly features: readonly { readonly name: string; readonly supported: boolean }[];
}

type Fault = () => Promise<string | undefined>;

const change = (side: Side, confirmSeconds: number) => changeOf('network', side, confirmSeconds);
const isAt = (side: Side) => isAtSides({ network: side, policy: 'a' });

/** Each fault tells its name and, when something is wrong, what. */
export async function faults(agent: ChildProcess): Promise<void> {
  const running: Running = { agent };
  await change('a', 0);
  await changeOf('policy', 'a', 0);
  const list: Readonly<Record<string, Fault>> = {
    'full disk: a change is made whole, or refused and undone': fullDisk,
    'clock set back: an unconfirmed change is still undone in time': clockBack,
    'clock set forward: an unconfirmed change waits on, and can be confirmed': clockForward,
    'the only way to the node is set down: undone when nobody confirms': onlyPath,
    ...Object.fromEntries(
      Object.entries(CHANGES).map(([title, one]) => [
        `under traffic: ${title}`,
        () => underTraffic(one, running),
      ]),
    ),
    'no BTF: the agent runs, says what it lacks, and changes the network': () => withoutBtf(running.agent),
  };
  for (const [name, fault] of Object.entries(list)) {
    const problem = await fault().catch((error: unknown) => String(error));
    tell('fault', { name, problem });
  }
}

async function fullDisk(): Promise<string | undefined> {
  const filler = `${DISK}/filler`;
  const fd = openSync(filler, 'w');
  try {
    for (let size = 1 << 20; size >= 512; ) {
      try {
        writeSync(fd, Buffer.alloc(size, 1));
      } catch {
        size >>= 1;
      }
    }
    // pages of the journal that are free already may be room enough
    const { status, body } = await change('b', 0);
    const side = status < 400 ? 'b' : 'a';
    if (!(await isAt(side))) return `the node is not on ${side}: ${JSON.stringify(body)}`;
    if (!isReachable()) return 'the node is not reachable';
  } finally {
    closeSync(fd);
    rmSync(filler);
  }
  const again = await change('b', 0);
  if (again.status !== 200) return `not applied after there is room again: ${JSON.stringify(again.body)}`;
  const back = await change('a', 0);
  return back.status === 200 ? undefined : JSON.stringify(back.body);
}

/** Move the wall clock by `seconds`. */
function jump(seconds: number): void {
  execFileSync('date', ['-s', `@${Math.round(Date.now() / 1000) + seconds}`], { stdio: 'pipe' });
}

const DAY = 86_400;

async function clockBack(): Promise<string | undefined> {
  const { status, body } = await change('b', 20);
  if (status !== 200 && status !== 202) return JSON.stringify(body);
  jump(-DAY);
  for (let left = 180; left > 0; left--) {
    await delay(1000);
    if ((await standing()).state === 'idle') return (await isAt('a')) ? undefined : 'not undone';
  }
  return 'still unconfirmed after three minutes';
}

async function clockForward(): Promise<string | undefined> {
  const { status, body } = await change('b', 600);
  if (status !== 200 && status !== 202) return JSON.stringify(body);
  jump(DAY);
  await delay(5000);
  const { state } = await standing();
  if (state !== 'unconfirmed') return `the change is ${state} after the clock jumped`;
  const confirmed = await request('POST', '/v1/confirm', {});
  if (confirmed.status !== 200) return JSON.stringify(confirmed.body);
  return (await isAt('b')) ? undefined : 'confirmed and not there';
}

/** eth0 carries the operator, and the change closes it: nobody can confirm it from there. */
async function onlyPath(): Promise<string | undefined> {
  const down = network('path', { links: [{ name: 'eth0', state: 'down' }] });
  const { status, body } = await applied([down], 60);
  if (status !== 200 && status !== 202) return JSON.stringify(body);
  if (isReachable()) return 'the change did nothing';
  for (let left = 180; left > 0 && (await standing()).state !== 'idle'; left--) await delay(1000);
  if (!isReachable()) return `the node is not reachable: ${JSON.stringify(await standing())}`;
  const { body: after } = await request('GET', '/v1/change');
  return (after as { readonly state: string }).state === 'idle' ? undefined : JSON.stringify(after);
}

async function withoutBtf(agent: ChildProcess): Promise<string | undefined> {
  await stopAgent(agent);
  // the kernel has it still: what reads the file finds none
  writeFileSync('/run/empty', '');
  execFileSync('mount', ['--bind', '/run/empty', '/sys/kernel/btf/vmlinux']);
  const second = await startAgent();
  try {
    const node = (await request('GET', '/v1/node')).body as NodeBody;
    const told = node.features.find(({ name }) => name.endsWith('(BTF)'));
    if (told?.supported !== false)
      return `GET /v1/node does not say that BTF is missing: ${JSON.stringify(told)}`;
    const { status, body } = await change('a', 0);
    return status === 200 ? undefined : JSON.stringify(body);
  } finally {
    await stopAgent(second);
    execFileSync('umount', ['/sys/kernel/btf/vmlinux']);
  }
}
