// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { inodesOf, LAB, LAB_NODES, mustBeGone, testLab } from '../helpers/lab.ts';
import { type Ended, weir } from '../helpers/weir.ts';

const name = `wf-${randomBytes(4).toString('hex')}`;
const names = LAB_NODES.map((node) => `${name}-${node}`);
const lab = (...args: readonly string[]) => weir('lab', '--name', name, ...args);

/** What must not change: the devices of the namespace that the tests run in. */
function rootLinks(): unknown {
  const links = JSON.parse(execFileSync('ip', ['-j', 'link'], { encoding: 'utf8' })) as Record<
    string,
    unknown
  >[];
  return links.map(({ ifindex, ifname, flags, mtu, address }) => ({ ifindex, ifname, flags, mtu, address }));
}

function json(ended: Ended): { done: string[] } {
  expect(ended.stderr).toBe('');
  expect(ended.status).toBe(0);
  return JSON.parse(ended.stdout) as { done: string[] };
}

/** One lost packet proves nothing on a busy machine: ask again. */
async function ping(node: string, address: string): Promise<Ended> {
  let answer = await lab('exec', node, '--', 'ping', '-c', '1', '-W', '2', address);
  for (let attempt = 0; attempt < 4 && answer.status !== 0; attempt++)
    answer = await lab('exec', node, '--', 'ping', '-c', '1', '-W', '2', address);
  return answer;
}

afterEach(async () => {
  await LAB.down(name);
});

test('carries packets from the client through the gateway to edge nodes and upstream, and leaves nothing', async () => {
  const before = rootLinks();
  expect(json(await lab('up', '-o', 'json')).done.length).toBeGreaterThan(30);
  const inodes = inodesOf(names);

  for (const [node, address] of [
    ['client', '10.77.0.11'],
    ['client', '198.51.100.1'],
    ['client', '2001:db8:77::12'],
    ['edge1', '10.77.0.12'],
    ['edge2', '2001:db8:51::1'],
  ] as const) {
    const { status, stdout } = await ping(node, address);
    expect({ node, address, status, stdout }).toMatchObject({ status: 0 });
    // One router between the networks takes one off the initial 64; edge nodes are neighbours.
    expect(stdout).toContain(node === 'edge1' ? 'ttl=64' : 'ttl=63');
  }

  expect(json(await lab('down', '-o', 'json')).done).toHaveLength(LAB_NODES.length);
  await mustBeGone(inodes);
  for (const netns of names) expect(existsSync(`/run/netns/${netns}`)).toBe(false);
  expect(rootLinks()).toEqual(before);
});

test('a second up changes nothing, and up repairs what is missing', async () => {
  await LAB.up(name);
  expect(json(await lab('up', '-o', 'json')).done).toEqual([]);
  execFileSync('ip', ['-n', `${name}-edge1`, 'link', 'del', 'eth0']);
  expect(json(await lab('up', '-o', 'json')).done).toContain(
    'gateway: RTM_NEWLINK dev port1 kind veth peer eth0',
  );
  expect((await ping('client', '10.77.0.11')).status).toBe(0);
  expect(json(await lab('up', '-o', 'json')).done).toEqual([]);
});

test('down removes what a failure left: a name without namespace, a namespace half built, a process inside', async () => {
  await LAB.up(name);
  const inodes = inodesOf(names);
  execFileSync('ip', ['netns', 'del', `${name}-client`]);
  execFileSync('ip', ['netns', 'del', `${name}-edge2`]);
  writeFileSync(`/run/netns/${name}-edge2`, '');
  const inside = spawn('nsenter', [`--net=/run/netns/${name}-edge1`, 'sleep', '100'], { stdio: 'ignore' });
  try {
    await delay(200);
    expect((await lab('down')).status).toBe(0);
    const left = execFileSync('nsenter', [`--net=/proc/${inside.pid}/ns/net`, 'ip', '-j', 'link'], {
      encoding: 'utf8',
    });
    expect((JSON.parse(left) as { ifname: string }[]).map((link) => link.ifname)).toEqual(['lo']);
  } finally {
    inside.kill('SIGKILL');
  }
  await mustBeGone(inodes);
  for (const netns of names) expect(existsSync(`/run/netns/${netns}`)).toBe(false);
  expect(json(await lab('down', '-o', 'json')).done).toEqual([]);
});

test('a namespace that cannot be removed is named, and the others go', async () => {
  await LAB.up(name);
  execFileSync('ip', ['netns', 'del', `${name}-client`]);
  execFileSync('mkdir', [`/run/netns/${name}-client`]);
  try {
    const { status, stderr } = await lab('down');
    expect(status).toBe(1);
    expect(stderr).toContain(`${name}-client`);
    for (const netns of names.slice(0, 2)) expect(existsSync(`/run/netns/${netns}`)).toBe(false);
  } finally {
    rmSync(`/run/netns/${name}-client`, { recursive: true, force: true });
  }
});

test('exec hands over exit status, arguments and signals, and refuses what is not there', async () => {
  await LAB.up(name);
  const echo = await lab(
    'exec',
    'client',
    '--',
    'sh',
    '-c',
    'echo "$@"; exit 7',
    'sh',
    '--name',
    'a b',
    '-o',
  );
  expect(echo).toMatchObject({ status: 7, stdout: '--name a b -o\n', stderr: '' });
  expect((await lab('exec', 'client', '--', 'sh', '-c', 'kill -TERM $$')).signal).toBe('SIGTERM');
  const inode = await lab('exec', 'edge1', '--', 'readlink', '/proc/self/ns/net');
  expect(inode.stdout.trim()).toBe(`net:[${inodesOf([`${name}-edge1`])[0]}]`);

  const script = join(mkdtempSync(join(tmpdir(), 'we-lab-')), 'script');
  writeFileSync(script, 'exit "$1"', { mode: 0o755 });
  expect((await lab('exec', 'client', '--', script, '9')).status).toBe(9);
  rmSync(dirname(script), { recursive: true });

  for (const [args, status, message] of [
    [['exec', 'clinet', '--', 'true'], 1, 'did you mean "client"'],
    [['exec', 'client', '--', 'no-such-program'], 127, 'there is no program no-such-program'],
    [['exec', 'client', '--', '/etc/passwd'], 126, '/etc/passwd cannot be executed'],
    [['exec', 'client'], 2, "missing required argument 'command'"],
    [['--name', '../etc', 'up'], 2, 'lab name "../etc"'],
  ] as const) {
    const ended = await lab(...args);
    expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status, stdout: '' });
    expect(ended.stderr).toContain(message);
  }
  await LAB.down(name);
  expect((await lab('exec', 'client', '--', 'true')).stderr).toContain(`weir lab --name ${name} up`);
});

test('several labs stand side by side; status draws each', async () => {
  await using other = await testLab('wf');
  await LAB.up(name);
  expect(other.exec('client', 'ip', '-br', 'addr', 'show', 'eth0')).toContain('192.0.2.10/24');
  await LAB.down(name);
  const { stdout } = await weir('lab', 'status', '--name', other.name);
  expect(stdout).toContain('| gateway ');
  expect(stdout).toMatch(new RegExp(`edge2 +${other.netns('edge2')} +up +eth0:`));
  expect((await lab('status')).stdout).toMatch(new RegExp(`client +${name}-client +absent`));
});
