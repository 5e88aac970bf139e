// SPDX-License-Identifier: Apache-2.0
// Rules of advice about what the whole machine shares (CPUs, tables), where their condition is made for real by counted
// packets, and beside it where all is well. No setting of the machine is changed.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Advice } from '../../src/tuning/advice/advise.ts';
import { machineAdviceDuring, python, until } from '../helpers/advice.ts';
import { type FrameGenerator, frameGenerator, udpFrame } from '../helpers/live-frames.ts';
import type { TestNetns } from '../helpers/netns.ts';
import { skipFor } from '../helpers/skip.ts';
import { slowReceive } from '../helpers/slow-receive.ts';
import { namespacePair } from '../helpers/telemetry-pair.ts';

const named = (advice: readonly Advice[], rule: string) => advice.find((one) => one.rule === rule);
const evidence = (advice: Advice | undefined, what: string) =>
  advice?.evidence.find((one) => one.what === what)?.value;

const BACKLOG = 'net.core.netdev_max_backlog';
const sysctl = (name: string) => Number(readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8'));
const FRAME = udpFrame(
  { from: '02:00:00:00:09:01', to: '02:00:00:00:09:02' },
  { from: '10.9.0.1', to: '10.9.0.2' },
  9,
);
let frames: FrameGenerator;

beforeAll(() => {
  frames = frameGenerator();
});
afterAll(() => frames?.[Symbol.dispose]());

/** One of the settings of v0's only queue in sysfs. */
async function setQueue(ns: TestNetns, setting: string, value: number): Promise<void> {
  await (await ns.io()).sys.write(`class/net/v0/queues/rx-0/${setting}`, String(value));
}

/** Let frames arrive at v0 all at once, delivered by CPU 0. No counter of the device sees them. */
async function burst(ns: TestNetns, count: number): Promise<void> {
  const { ifindex } = JSON.parse(ns.ip('-j', 'link', 'show', 'v0'))[0] as { ifindex: number };
  const { fd } = await ns.io();
  const affinity = (...cpus: string[]) =>
    execFileSync('taskset', ['-pc', ...cpus, String(process.pid)], { encoding: 'utf8' });
  const before = affinity().split(': ')[1]?.trim() ?? '0';
  affinity('0');
  try {
    frames.send(fd, ifindex, FRAME, count);
  } finally {
    affinity(before);
  }
}

/** Send UDP packets to the other end, with CPU 0 before all others. */
async function send(from: TestNetns, count: number): Promise<void> {
  await using sender = await python(
    from,
    `import os, socket
os.sched_setaffinity(0, {0}); os.nice(-20)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(${count}): s.sendto(b'x', ('10.9.0.2', 9))`,
    false,
  );
  expect(await sender.ended).toBe(0);
}

/** Columns of /proc/net/softnet_stat by CPU: processed, dropped, squeezed. */
const softnet = () =>
  readFileSync('/proc/net/softnet_stat', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map((word) => Number.parseInt(word, 16)));

/** Until CPU 1 has taken so many packets, or dropped them. */
async function handled(count: number, work: () => Promise<void>): Promise<void> {
  const taken = () => (softnet()[1]?.[0] ?? 0) + (softnet()[1]?.[1] ?? 0);
  const before = taken();
  await work();
  await until(() => taken() - before >= count);
}

test('softnet-drops: more comes at once than the backlog of a CPU holds', async (context) => {
  if (availableParallelism() < 2) skipFor(context, 'there is no second processor that packets could go to');
  await using pair = await namespacePair('wt-backlog');
  const { right } = pair;
  const backlog = sysctl(BACKLOG);
  await setQueue(right, 'rps_cpus', 2);
  slowReceive(right, 'v0', 20);
  const during = (count: number) =>
    machineAdviceDuring(right, () => handled(count, () => burst(right, count)));
  expect(named(await during(Math.floor(backlog / 2)), 'softnet-drops')).toBeUndefined();

  const advice = named(await during(backlog * 3), 'softnet-drops');
  expect(evidence(advice, 'softnet dropped')).toBeGreaterThan(0);
  expect(evidence(advice, 'worst CPU')).toBe(1);
  expect(advice?.settings).toMatchObject([
    { name: `sysctl ${BACKLOG}`, current: backlog, proposal: { value: backlog * 2 } },
  ]);
});

test('softnet-squeezed: packets take so long that rounds of receiving end with some left', async (context) => {
  if (availableParallelism() < 2) skipFor(context, 'there is no second processor that packets could go to');
  await using pair = await namespacePair('wt-squeeze');
  const { right } = pair;
  await setQueue(right, 'rps_cpus', 2);
  const count = Math.floor(sysctl(BACKLOG) / 2);
  const during = () => machineAdviceDuring(right, () => handled(count, () => burst(right, count)));
  expect(named(await during(), 'softnet-squeezed')).toBeUndefined();

  // 64 packets, which are one poll, take longer than a whole round may (net.core.netdev_budget_usecs)
  slowReceive(right, 'v0', Math.ceil((sysctl('net.core.netdev_budget_usecs') + 2000) / 64));
  const advice = named(await during(), 'softnet-squeezed');
  expect(evidence(advice, 'softnet squeezed')).toBeGreaterThan(10);
  expect(advice?.settings).toMatchObject([{ current: sysctl('net.core.netdev_budget') }]);
});

test('flow-steering: packets are spread over CPUs, not to their readers', async (context) => {
  if (sysctl('net.core.rps_sock_flow_entries') > 0) skipFor(context, 'this machine steers flows');
  await using pair = await namespacePair('wt-rfs');
  const { left, right } = pair;
  const during = () => machineAdviceDuring(right, () => send(left, 10_000));
  expect(named(await during(), 'flow-steering')).toBeUndefined();
  await setQueue(right, 'rps_cpus', 1);
  const advice = named(await during(), 'flow-steering');
  expect(advice?.id).toBe('flow-steering.v0');
  expect(evidence(advice, 'received')).toBeGreaterThan(1000);
  expect(evidence(advice, 'rps_cpus')).toBe('1');
  expect(advice?.settings).toMatchObject([
    { name: 'sysctl net.core.rps_sock_flow_entries', current: 0 },
    { name: 'v0 queues.rps_flow_cnt', handSet: false, writable: true, proposal: { value: 32_768 } },
  ]);
  await setQueue(right, 'rps_flow_cnt', 4096);
  expect(named(await during(), 'flow-steering')).toBeUndefined();
});

/** What CPUs did, in the kernel's own numbers. */
const uses = () => {
  const lines = [...readFileSync('/proc/stat', 'utf8').matchAll(/^cpu\d+ (.*)$/gm)];
  const packets = softnet();
  return lines.map(([, text = ''], cpu) => {
    const times = text.split(' ').map(Number);
    const total = times.slice(0, 8).reduce((sum, one) => sum + one, 0);
    return { idle: (times[3] ?? 0) + (times[4] ?? 0), total, packets: packets[cpu]?.[0] ?? 0 };
  });
};

/** Another CPU than 0 is half idle, and 0 takes nearly all packets: beyond what the rule asks for. */
async function isClear(work: () => Promise<void>): Promise<boolean> {
  const before = uses();
  await work();
  const grown = uses().map((now, i) => {
    const { idle = 0, total = 0, packets = 0 } = before[i] ?? {};
    return { idle: (now.idle - idle) / Math.max(1, now.total - total), packets: now.packets - packets };
  });
  const all = grown.reduce((sum, { packets }) => sum + packets, 0);
  return (grown[0]?.packets ?? 0) > all * 0.95 && grown.slice(1).some(({ idle }) => idle > 0.5);
}

// that another CPU is idle nobody can make: it is waited for, and where all stay busy the recorded counters are the test
test('receive-steering: one CPU receives while another has nothing to do', async (context) => {
  if (availableParallelism() < 2) skipFor(context, 'there is no second processor');
  await using pair = await namespacePair('wt-rps');
  slowReceive(pair.right, 'v0', 200);
  await setQueue(pair.right, 'rps_cpus', 2);
  const few = Math.floor(sysctl(BACKLOG) * 0.9);
  const steered = () => handled(few, () => send(pair.left, few));
  expect(named(await machineAdviceDuring(pair.right, steered), 'receive-steering')).toBeUndefined();

  await setQueue(pair.right, 'rps_cpus', 0);
  const flood = () => send(pair.left, 3000);
  let advice: Advice | undefined;
  let wasClear = false;
  for (let attempts = 0; advice === undefined && !wasClear && attempts < 10; attempts++) {
    const found = await machineAdviceDuring(pair.right, async () => {
      wasClear = await isClear(flood);
    });
    advice = named(found, 'receive-steering');
  }
  if (advice === undefined && !wasClear) skipFor(context, 'all processors were busy while it was tried');
  expect(advice?.id).toBe('receive-steering.v0');
  expect(evidence(advice, 'time of the CPU for packets')).toBeGreaterThan(50);
  expect(evidence(advice, 'its share of all packets')).toBeGreaterThan(90);
  expect(advice?.settings).toMatchObject([
    { name: 'v0 queues.rps_cpus', current: { 0: '0' }, handSet: false, writable: true },
  ]);
});

test('neighbours-full: more neighbours than four of five places', async (context) => {
  const name = 'net.ipv4.neigh.default.gc_thresh3';
  const limit = sysctl(name);
  if (limit > 10_000) skipFor(context, `${name} is ${limit}, too much to fill`);
  await using pair = await namespacePair('wt-neigh');
  const { right } = pair;
  right.ip('route', 'add', '10.10.0.0/16', 'dev', 'v0');
  const fill = (count: number, nud: string) => {
    const lines = Array.from({ length: count }, (_, i) => {
      const address = `10.10.${i >> 8}.${i & 255}`;
      return `neighbour replace ${address} lladdr 02:00:00:00:09:03 dev v0 nud ${nud}\n`;
    });
    execFileSync('ip', ['-n', right.name, '-batch', '-'], { input: lines.join('') });
  };
  const during = (count: number, nud: string) => machineAdviceDuring(right, async () => fill(count, nud));
  expect(named(await during(Math.floor(limit / 4), 'stale'), 'neighbours-full')).toBeUndefined();
  // those that an operator made do not count for the limit
  expect(named(await during(limit, 'permanent'), 'neighbours-full')).toBeUndefined();
  right.ip('neighbour', 'flush', 'dev', 'v0', 'nud', 'permanent');

  const count = Math.ceil(limit * 0.83);
  const advice = named(await during(count, 'stale'), 'neighbours-full');
  right.ip('neighbour', 'flush', 'dev', 'v0');
  expect(advice?.summary).toContain('ipv4');
  expect(evidence(advice, 'neighbours')).toBe(count);
  expect(advice?.settings.at(-1)).toMatchObject({ current: limit, proposal: { value: limit * 2 } });
});

test('conntrack-full: four of five places are taken by connections', async (context) => {
  await using pair = await namespacePair('wt-track');
  const { left, right } = pair;
  right.exec('nft', 'add table inet t; add chain inet t in { type filter hook input priority 0; }');
  right.exec('nft', 'add rule inet t in ct state new counter');
  const own = (name: string) => Number(right.exec('sysctl', '-n', `net.netfilter.${name}`));
  const limit = own('nf_conntrack_max');
  if (limit > 300_000) skipFor(context, `nf_conntrack_max is ${limit}, too much to fill`);
  right.exec('sysctl', '-qw', 'net.netfilter.nf_conntrack_udp_timeout=600');
  left.ip('route', 'add', '10.10.0.0/16', 'via', '10.9.0.2');
  right.ip('route', 'add', 'local', '10.10.0.0/16', 'dev', 'lo');
  const connect = (from: number, to: number) => async () => {
    await using client = await python(
      left,
      `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(${from}, ${to}): s.sendto(b'', (f'10.10.{i >> 8 & 255}.{i & 255}', 1 + (i >> 16)))`,
      false,
    );
    expect(await client.ended).toBe(0);
    expect(own('nf_conntrack_count')).toBe(to);
  };
  const half = Math.floor(limit / 2);
  expect(named(await machineAdviceDuring(right, connect(0, half)), 'conntrack-full')).toBeUndefined();
  const most = Math.ceil(limit * 0.81);
  const advice = named(await machineAdviceDuring(right, connect(half, most)), 'conntrack-full');
  expect(evidence(advice, 'connections')).toBe(most);
  expect(evidence(advice, 'net.netfilter.nf_conntrack_max')).toBe(limit);
  expect(evidence(advice, 'dropped')).toBe(0);
  expect(advice?.settings).toMatchObject([{ current: limit, writable: false }]);
});
