// SPDX-License-Identifier: Apache-2.0
// Every cause of drops that can be made here, against the program in the kernel: exactly so many packets, with the reason,
// the device and the protocol. No agent: test/e2e/drops.test.ts has one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { attachXdp } from '../../src/kernel/bpf/links.ts';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import type { DropRow } from '../../src/model/drop.ts';
import { lastRecord, recordsAfter } from '../../src/observe/telemetry/drop-records.ts';
import { readDrops } from '../../src/observe/telemetry/drops.ts';
import type { TelemetryMaps } from '../../src/observe/telemetry/telemetry.ts';
import { drops } from '../../src/programs/drops.ts';
import type { DropRecord } from '../../src/programs/generated/drops.ts';
import { bpfObject } from '../helpers/bpf-object.ts';
import { dropsIn } from '../helpers/drops.ts';
import type { TestNetns } from '../helpers/netns.ts';
import { connectTcp, sendUdp } from '../helpers/packets.ts';
import { runTelemetry } from '../helpers/telemetry.ts';
import { type NamespacePair, namespacePair } from '../helpers/telemetry-pair.ts';

const TO = '10.9.0.2';

/** Two namespaces with counters that begin with them: numbers of namespaces that are gone are used again. */
interface Bench extends NamespacePair {
  readonly telemetry: TelemetryMaps;
}

async function bench(program = drops): Promise<Bench> {
  const pair = await namespacePair('wA');
  const running = runTelemetry(program);
  return {
    ...pair,
    telemetry: running.maps,
    async [Symbol.asyncDispose]() {
      running[Symbol.dispose]();
      await pair[Symbol.asyncDispose]();
    },
  };
}

type Seen = Pick<DropRow, 'reason' | 'device' | 'protocol' | 'packets'>;

/** Packets by reason in the namespace: exactly these, and still so when nothing more can come. */
async function expectDrops({ telemetry }: Bench, ns: TestNetns, ...expected: readonly Seen[]): Promise<void> {
  const seen = async () =>
    (await dropsIn(ns, telemetry)).map(({ reason, device, protocol, packets }) => ({
      reason,
      device,
      protocol,
      packets,
    }));
  await expect.poll(seen, { timeout: 5000 }).toEqual(expect.arrayContaining([...expected]));
  await sleep(200);
  const rows = await seen();
  expect(rows).toHaveLength(expected.length);
  expect(rows).toEqual(expect.arrayContaining([...expected]));
}

/** Beside what the kernel sends by itself (router solicitations, ARP): exactly this row, and still so later. */
async function expectAmongDrops(
  { telemetry }: Bench,
  ns: TestNetns,
  row: Partial<DropRow> & Pick<DropRow, 'reason' | 'packets'>,
): Promise<void> {
  const same = async () =>
    (await dropsIn(ns, telemetry)).filter(
      ({ reason, protocol }) => reason === row.reason && protocol === row.protocol,
    );
  await expect.poll(same, { timeout: 5000 }).toEqual([expect.objectContaining(row)]);
  await sleep(200);
  expect(await same()).toEqual([expect.objectContaining(row)]);
}

const udp = (reason: string, packets: number): Seen => ({ reason, device: 'v0', protocol: 'udp', packets });
const tcp = (reason: string, packets: number): Seen => ({ reason, device: 'v0', protocol: 'tcp', packets });

test('closed ports', async () => {
  await using pair = await bench();
  sendUdp(pair.left, { to: TO, count: 7 });
  connectTcp(pair.left, TO, 9, 3);
  await expectDrops(pair, pair.right, udp('NO_SOCKET', 7), tcp('NO_SOCKET', 3));
  // what is wrong at one end is not counted at the other
  await expectDrops(pair, pair.left);
});

test('the function that dropped, and the network', async () => {
  await using pair = await bench();
  sendUdp(pair.left, { to: TO, count: 1 });
  const row = { network: 'ipv4', location: '__udp4_lib_rcv', netns: pair.right.name, unrecorded: 0 };
  await expect.poll(() => dropsIn(pair.right, pair.telemetry)).toEqual([expect.objectContaining(row)]);
});

test('IPv6', async () => {
  await using pair = await bench();
  for (const [ns, address] of [
    [pair.left, 'fd09::1'],
    [pair.right, 'fd09::2'],
  ] as const) {
    ns.exec('sysctl', '-qw', 'net.ipv6.conf.v0.disable_ipv6=0', 'net.ipv6.conf.v0.accept_dad=0');
    ns.ip('address', 'add', `${address}/64`, 'dev', 'v0', 'nodad');
  }
  pair.left.ip('neighbour', 'replace', 'fd09::2', 'lladdr', '02:00:00:00:09:02', 'dev', 'v0');
  sendUdp(pair.left, { to: 'fd09::2', count: 5 });
  const row = { reason: 'NO_SOCKET', network: 'ipv6', protocol: 'udp', device: 'v0', packets: 5 };
  await expectAmongDrops(pair, pair.right, row);
});

test('no route, and a time to live that ends', async () => {
  await using pair = await bench();
  const { left, right } = pair;
  right.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  left.ip('route', 'add', '10.200.0.0/16', 'via', TO);
  right.ip('route', 'add', '10.200.1.0/24', 'dev', 'v0');
  sendUdp(left, { to: '10.200.0.1', count: 6 });
  sendUdp(left, { to: '10.200.1.1', count: 5, ttl: 1 });
  await expectDrops(pair, pair.right, udp('IP_INNOROUTES', 6), udp('IP_INHDR', 5));
});

test('bad checksums', async () => {
  await using pair = await bench();
  const { left, right } = pair;
  left.exec('ethtool', '-K', 'v0', 'tx', 'off');
  right.exec(
    'nft',
    'add table ip t; add chain ip t spoil { type filter hook prerouting priority raw; };' +
      'add rule ip t spoil udp dport 9 udp checksum set 0xdead;' +
      'add rule ip t spoil tcp dport 9 tcp checksum set 0xdead',
  );
  sendUdp(left, { to: TO, count: 4 });
  // it is sent again after a second, and the client is gone by then
  const client = left.exec.bind(left, process.execPath, '-e');
  client(`require('node:net').connect(9, '${TO}'); setTimeout(() => process.exit(), 300)`);
  await expectDrops(pair, pair.right, udp('UDP_CSUM', 4), tcp('TCP_CSUM', 1));
});

test('a full queue', async () => {
  await using pair = await bench();
  const { left } = pair;
  left.tc('qdisc', 'add', 'dev', 'v0', 'root', 'tbf', 'rate', '8bit', 'burst', '1100', 'limit', '2200');
  // 1042 bytes each: one goes out, two wait
  sendUdp(left, { to: TO, count: 13, size: 1000 });
  await expectDrops(pair, pair.left, udp('QDISC_DROP', 10));
  const [qdisc] = JSON.parse(left.tc('-j', '-s', 'qdisc', 'show', 'dev', 'v0')) as { drops: number }[];
  expect(qdisc?.drops).toBe(10);
});

test('nftables', async () => {
  await using pair = await bench();
  pair.right.exec(
    'nft',
    'add table inet t; add chain inet t in { type filter hook input priority 0; };' +
      'add rule inet t in udp dport 9 counter drop',
  );
  sendUdp(pair.left, { to: TO, count: 8 });
  await expectDrops(pair, pair.right, udp('NETFILTER_DROP', 8));
});

/** Classic BPF that returns TC_ACT_SHOT for IPv4. */
const SHOT = ['bpf', 'direct-action', 'bytecode', '4,40 0 0 12,21 0 1 2048,6 0 0 2,6 0 0 4294967295'];

test('a filter on the way in, and one on the way out', async () => {
  await using pair = await bench();
  const { left, right } = pair;
  for (const ns of [left, right]) ns.tc('qdisc', 'add', 'dev', 'v0', 'clsact');
  right.tc('filter', 'add', 'dev', 'v0', 'ingress', ...SHOT);
  sendUdp(left, { to: TO, count: 6 });
  await expectDrops(pair, pair.right, udp('TC_INGRESS', 6));
  left.tc('filter', 'add', 'dev', 'v0', 'egress', ...SHOT);
  sendUdp(left, { to: TO, count: 4 });
  await expectDrops(pair, pair.left, udp('TC_EGRESS', 4));
  await expectDrops(pair, pair.right, udp('TC_INGRESS', 6));
});

const XDP_DROP = '__attribute__((section("xdp"))) int drop(void *packet) { return 1; }';

/** Drop all that comes in on v0, in one mode, until it is disposed of. */
async function xdpDrop(ns: TestNetns, mode: 'generic' | 'native'): Promise<Disposable> {
  const { programs, maps } = loadObject(bpfObject(XDP_DROP), { name: 'drop' });
  const { fd } = await ns.io();
  const [{ ifindex }] = JSON.parse(ns.ip('-j', 'link', 'show', 'v0')) as [{ ifindex: number }];
  const link = attachXdp(fd, programs.get('drop') as number, ifindex, mode);
  return {
    [Symbol.dispose]() {
      for (const fd of [link, ...programs.values(), ...maps.values()]) closeSync(fd);
    },
  };
}

test('generic XDP', async () => {
  await using pair = await bench();
  using _ = await xdpDrop(pair.right, 'generic');
  sendUdp(pair.left, { to: TO, count: 9 });
  await expectDrops(pair, pair.right, udp('XDP', 9));
});

test('XDP in a driver that makes frames of packets', async () => {
  await using pair = await bench();
  using _ = await xdpDrop(pair.right, 'native');
  sendUdp(pair.left, { to: TO, count: 9 });
  await expectDrops(pair, pair.right, udp('XDP', 9));
});

test('a neighbour that does not answer', async () => {
  await using pair = await bench();
  const { left } = pair;
  left.exec('sysctl', '-qw', 'net.ipv4.neigh.v0.retrans_time_ms=50', 'net.ipv4.neigh.v0.mcast_solicit=2');
  sendUdp(left, { to: '10.9.0.77', count: 5 });
  const row = { reason: 'NEIGH_FAILED', device: 'v0', protocol: 'udp', packets: 5 };
  await expectAmongDrops(pair, left, row);
});

test('a source that is not where its packets come from', async () => {
  await using pair = await bench();
  const { left, right } = pair;
  right.exec('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1', 'net.ipv4.conf.v0.rp_filter=1');
  left.ip('address', 'add', '10.77.0.1/32', 'dev', 'lo');
  sendUdp(left, { to: TO, from: '10.77.0.1', count: 5 });
  await expectDrops(pair, pair.right, udp('IP_RPFILTER', 5));
});

const DEAF = `
  const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 2048 });
  socket.bind(9, () => {
    require('node:fs').writeSync(1, 'bound');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
  });
`;

test('a socket that nobody reads', async () => {
  await using pair = await bench();
  const netns = `--net=/run/netns/${pair.right.name}`;
  const deaf = spawn('nsenter', [netns, process.execPath, '-e', DEAF], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(deaf.stdout, 'data');
  sendUdp(pair.left, { to: TO, count: 40, size: 500 });
  const errors = () => {
    const lines = pair.right.exec('cat', '/proc/net/snmp').split('\n');
    const [names, values] = lines.filter((line) => line.startsWith('Udp:')).map((line) => line.split(' '));
    return Number(values?.[names?.indexOf('RcvbufErrors') ?? -1]);
  };
  await expect.poll(errors).toBeGreaterThan(20);
  await expectDrops(pair, pair.right, udp('SOCKET_RCVBUFF', errors()));
  deaf.kill();
  await once(deaf, 'exit');
});

test('kinds for which there is no room are counted as lost', async () => {
  await using pair = await bench({ ...drops, sizes: () => ({ drop_counts: 2, recorder: 64 }) });
  const { left, right, telemetry } = pair;
  // other packets of this machine may take the places of some kinds, and then those are lost
  const rules = ['udp dport 1', 'udp dport 2', 'tcp dport 1'].map(
    (match) => `add rule ip t in ${match} drop`,
  );
  right.exec(
    'nft',
    `add table ip t; add chain ip t in { type filter hook input priority 0; };${rules.join(';')}`,
  );
  sendUdp(left, { to: TO, port: 1, count: 5 });
  sendUdp(left, { to: TO, port: 9, count: 6 });
  right.tc('qdisc', 'add', 'dev', 'v0', 'clsact');
  right.tc('filter', 'add', 'dev', 'v0', 'ingress', ...SHOT);
  sendUdp(left, { to: TO, count: 7 });
  const counted = async () => {
    const { lost } = await readDrops(telemetry);
    const rows = await dropsIn(right, telemetry);
    return { lost: lost > 0, sum: lost + rows.reduce((sum, { packets }) => sum + packets, 0) };
  };
  await expect.poll(async () => (await counted()).sum).toBeGreaterThanOrEqual(18);
  expect((await counted()).lost).toBe(true);
});

test('a flood of one kind is counted whole, and recorded in part', async () => {
  await using pair = await bench();
  const { left, right, telemetry } = pair;
  sendUdp(left, { to: TO, count: 3000 });
  await expectDrops(pair, right, udp('NO_SOCKET', 3000));
  const [row] = await dropsIn(right, telemetry);
  const recorded = 3000 - (row?.unrecorded ?? 0);
  expect(recorded).toBeGreaterThanOrEqual(128);
  expect(recorded).toBeLessThan(2000);
});

test('the recorder keeps the last packets', async () => {
  await using pair = await bench();
  const { left, right, telemetry } = pair;
  sendUdp(left, { to: TO, count: 100 });
  await expect.poll(() => lastRecord(telemetry)).toBeGreaterThanOrEqual(100);
  const records: DropRecord[] = [];
  for await (const batch of recordsAfter(telemetry, 0, lastRecord(telemetry))) records.push(...batch);
  const own = records.filter(({ netns }) => netns === right.inode);
  expect(records.length).toBe(64);
  expect(own.length).toBeGreaterThan(32);
  const identifications = own.map(({ data }) => (data[18] as number) * 256 + (data[19] as number));
  expect(own.every(({ sequence }, i) => i === 0 || sequence > (own[i - 1] as DropRecord).sequence)).toBe(
    true,
  );
  expect(new Set(identifications).size).toBe(own.length);
});

test('bytes begin where they should without an Ethernet header', async () => {
  await using pair = await bench();
  const { left, telemetry } = pair;
  left.exec(
    'nft',
    'add table ip t; add chain ip t out { type filter hook output priority 0; }; add rule ip t out udp dport 9 drop',
  );
  // what is dropped on its way out has no such header yet
  expect(() => sendUdp(left, { to: TO, count: 1 })).toThrow('EPERM');
  await expect.poll(async () => (await dropsIn(left, telemetry)).length).toBe(1);
  const records: DropRecord[] = [];
  for await (const batch of recordsAfter(telemetry, 0, lastRecord(telemetry))) records.push(...batch);
  const [record] = records.filter(({ netns }) => netns === left.inode);
  expect(record).toMatchObject({ ethernet: 0, captured: 48, length: 48, protocol: 0x0800, l4: 17 });
  expect([...(record?.data.subarray(0, 2) ?? [])]).toEqual([0x45, 0]);
  expect(Buffer.from(record?.data.subarray(28, 48) ?? []).toString()).toBe('weir'.repeat(5));
});
