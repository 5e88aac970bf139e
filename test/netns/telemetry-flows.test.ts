// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { FlowReport } from '../../src/api/schemas/flows.ts';
import { flows as collector } from '../../src/metrics/flows.ts';
import { flows } from '../../src/programs/flows.ts';
import { runTelemetry } from '../helpers/telemetry.ts';
import { namespacePair, seriesOf } from '../helpers/telemetry-pair.ts';
import { testAgent } from '../helpers/weir.ts';

const SIZE = 'weir_packet_size_bytes';
const PROTOCOL = 'weir_packets_by_protocol_total';

const bucket = (direction: string, le: string) =>
  `${SIZE}_bucket{device="v0",direction="${direction}",le="${le}"}`;

test('packets are counted by size and protocol in both directions', async () => {
  await using pair = await namespacePair('wBflow');
  using running = runTelemetry(flows);
  // 142 and 1042 bytes with their headers
  pair.left.exec('ping', '-q', '-c', '5', '-i', '0.01', '-s', '100', '10.9.0.2');
  pair.left.exec('ping', '-q', '-c', '3', '-i', '0.01', '-s', '1000', '10.9.0.2');

  for (const ns of [pair.left, pair.right]) {
    const series = await seriesOf(ns, collector, running.maps);
    for (const direction of ['receive', 'transmit']) {
      expect(series.get(bucket(direction, '128'))).toBe(0);
      expect(series.get(bucket(direction, '256'))).toBe(5);
      expect(series.get(bucket(direction, '1024'))).toBe(5);
      expect(series.get(bucket(direction, '2048'))).toBe(8);
      expect(series.get(bucket(direction, '+Inf'))).toBe(8);
      expect(series.get(`${SIZE}_sum{device="v0",direction="${direction}"}`)).toBe(5 * 142 + 3 * 1042);
      expect(series.get(`${PROTOCOL}{device="v0",direction="${direction}",protocol="icmp"}`)).toBe(8);
    }
    expect([...series.keys()].filter((key) => key.startsWith(PROTOCOL))).toHaveLength(2);
  }
});

/** Packets of 1042 bytes from the namespace until disposed of. */
function endlessPing(netns: string): Disposable {
  const words = ['ping', '-q', '-i', '0.02', '-s', '1000', '10.9.0.2'];
  const child = spawn('nsenter', [`--net=/run/netns/${netns}`, ...words], { stdio: 'ignore' });
  return { [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

/** Programs that a process keeps attached, by name: those that its descriptors of links are of. */
function attachedBy(pid: number): ReadonlySet<string> {
  const text = execFileSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8' });
  const programs = JSON.parse(text) as readonly { readonly id: number; readonly name?: string }[];
  const names = new Map(programs.map(({ id, name = '' }) => [id, name]));
  const infos = readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    try {
      return [readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')];
    } catch {
      return []; // closed meanwhile
    }
  });
  const links = infos.filter((info) => info.includes('link_id:'));
  return new Set(links.map((info) => names.get(Number(/prog_id:\s*(\d+)/.exec(info)?.[1])) ?? ''));
}

test('packets are looked at while somebody asks who talks, and no longer', async () => {
  await using pair = await namespacePair('wBdemand');
  await using agent = await testAgent(pair.left.name);
  const looking = () => [...attachedBy(agent.pid)].filter((name) => name.startsWith('flows_')).toSorted();
  expect([...attachedBy(agent.pid)]).toContain('queueing_poll');
  expect(looking()).toEqual([]);
  const asked = agent.weir('top', 'flows', '--batch', '-n', '1', '--interval', '2');
  await expect.poll(looking).toEqual(['flows_receive', 'flows_transmit']);
  expect(await asked).toMatchObject({ status: 0, stderr: '' });
  expect(looking()).toHaveLength(2);
  await expect.poll(looking, { timeout: 20_000 }).toEqual([]);
});

test('top talkers are told by the command line with their rates', async () => {
  await using pair = await namespacePair('wBtalk');
  await using agent = await testAgent(pair.left.name, '--set', 'telemetry.sampling=1');
  using _ping = endlessPing(pair.left.name);

  const flowsOf = (...flags: readonly string[]) => agent.weir('top', 'flows', '--batch', '-n', '1', ...flags);
  const { stdout, stderr } = await flowsOf('-o', 'json', '--netns', '', '--device', 'v0');
  expect(stderr).toBe('');
  const { items, active } = JSON.parse(stdout) as FlowReport;
  const ends = items.map(({ direction, protocol, source, destination }) =>
    [direction, protocol, source, destination].join(' '),
  );
  expect(ends.toSorted()).toEqual(['receive icmp 10.9.0.2 10.9.0.1', 'transmit icmp 10.9.0.1 10.9.0.2']);
  expect(active).toBe(2);
  for (const { bytesPerSecond, packetsPerSecond } of items) {
    expect(packetsPerSecond).toBeGreaterThan(0);
    expect(bytesPerSecond / packetsPerSecond).toBeCloseTo(1042, 6);
  }
  const table = await flowsOf('--netns', pair.right.name, '--limit', '1', '--interval', '2');
  expect(table.stdout).toContain('1 of 2 active');
  expect(table.stdout).toMatch(/^wBtalk-\S+ +v0 +(rx|tx) +icmp +10\.9\.0\.[12] +10\.9\.0\.[12] /m);
  expect((await flowsOf('--limit', '0')).status).toBe(2);
  expect((await flowsOf('--netns', 'nowhere')).stderr).toContain('nowhere');
});
