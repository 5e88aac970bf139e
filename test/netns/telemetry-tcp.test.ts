// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { tcp as collector } from '../../src/metrics/tcp.ts';
import { tcp } from '../../src/programs/tcp.ts';
import type { TestNetns } from '../helpers/netns.ts';
import { reaches, tcpServer } from '../helpers/tcp-path.ts';
import { EVERY_EVENT, type RunningTelemetry, runTelemetry } from '../helpers/telemetry.ts';
import { namespacePair, seriesOf } from '../helpers/telemetry-pair.ts';

type Connections = Partial<Record<string, number>>;

/** Connections on v0 by event, without those that are zero. */
async function connections(ns: TestNetns, { maps }: RunningTelemetry, group = ''): Promise<Connections> {
  const found: Connections = {};
  for (const [series, value] of await seriesOf(ns, collector, maps)) {
    const event =
      /^weir_tcp_connections_total\{device="v0",peer_group="(.*)",event="(.*)"\}$/.exec(series) ?? [];
    if (event[1] === group && value > 0) found[event[2] ?? ''] = value;
  }
  return found;
}

/** A counter of /proc/net/snmp. */
function counterOf(ns: TestNetns, name: string): number {
  const [names = [], values = []] = ns
    .exec('cat', '/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf(name)]);
}

const onDevice = (name: string, labels: string) => `weir_tcp_${name}{device="v0",${labels}}`;

test('connections and the time to open them are counted on both sides', async () => {
  await using pair = await namespacePair('wBconn');
  await using _server = await tcpServer(pair.right.name);
  using running = runTelemetry(tcp);
  for (let i = 0; i < 3; i++) expect(reaches(pair.left.name, '10.9.0.2')).toBe(true);

  await expect.poll(() => connections(pair.left, running)).toEqual({ active_open: 3, closed: 3 });
  await expect.poll(() => connections(pair.right, running)).toEqual({ passive_open: 3, closed: 3 });
  const left = await seriesOf(pair.left, collector, running.maps);
  expect(left.get(onDevice('connect_seconds_count', 'peer_group=""'))).toBe(3);
  expect(left.get(onDevice('connect_seconds_sum', 'peer_group=""'))).toBeGreaterThan(0);
  expect(left.get(onDevice('rtt_seconds_count', 'peer_group=""'))).toBeGreaterThan(0);
  const right = await seriesOf(pair.right, collector, running.maps);
  expect(right.get(onDevice('connect_seconds_count', 'peer_group=""'))).toBe(0);
});

test('a closed port answers with resets, which are received', async () => {
  await using pair = await namespacePair('wBrst');
  using running = runTelemetry(tcp);
  for (let i = 0; i < 4; i++) expect(reaches(pair.left.name, '10.9.0.2')).toBe(false);

  const right = await seriesOf(pair.right, collector, running.maps);
  expect(right.get(onDevice('resets_sent_total', 'reason="no_socket"'))).toBe(4);
  expect(counterOf(pair.right, 'OutRsts')).toBe(4);
  const left = await seriesOf(pair.left, collector, running.maps);
  expect(left.get(onDevice('resets_received_total', 'peer_group=""'))).toBe(4);
  expect(await connections(pair.left, running)).toEqual({ connect_failed: 4 });
});

test('what is not answered is sent again, as often as the kernel says', async () => {
  await using pair = await namespacePair('wBretr');
  pair.right.exec('nft', 'add table ip t');
  pair.right.exec('nft', 'add chain ip t in { type filter hook input priority 0; }');
  pair.right.exec('nft', 'add rule ip t in tcp flags syn drop');
  using running = runTelemetry(tcp);
  const io = await pair.left.io();
  await expect(io.connect('10.9.0.2', 7000, 3_500)).rejects.toThrow();

  await expect.poll(() => connections(pair.left, running)).toEqual({ connect_failed: 1 });
  const left = await seriesOf(pair.left, collector, running.maps);
  const retransmits = left.get(onDevice('retransmits_total', 'peer_group=""'));
  expect(retransmits).toBeGreaterThanOrEqual(1);
  expect(retransmits).toBe(counterOf(pair.left, 'RetransSegs'));
  expect(left.get(onDevice('connect_seconds_count', 'peer_group=""'))).toBe(0);
});

test('peers are told apart by the longest prefix of a group', async () => {
  await using pair = await namespacePair('wBgrp');
  await using _server = await tcpServer(pair.right.name);
  const peerGroups = { lan: ['10.0.0.0/8', '2001:db8::/32'], server: ['10.9.0.2'] };
  using running = runTelemetry(tcp, { ...EVERY_EVENT, peerGroups });
  expect(reaches(pair.left.name, '10.9.0.2')).toBe(true);

  await expect.poll(() => connections(pair.left, running, 'server')).toEqual({ active_open: 1, closed: 1 });
  await expect.poll(() => connections(pair.right, running, 'lan')).toEqual({ passive_open: 1, closed: 1 });
  expect(await connections(pair.left, running, 'lan')).toEqual({});
});
