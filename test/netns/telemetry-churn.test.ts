// SPDX-License-Identifier: Apache-2.0
// What changes in a namespace, against the program in the kernel: exact counts.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openCountingSocket } from '../../src/kernel/bpf/counting-socket.ts';
import { churn as collector } from '../../src/metrics/churn.ts';
import { churnSocketEntry } from '../../src/observe/telemetry/churn.ts';
import type { TelemetryMaps } from '../../src/observe/telemetry/telemetry.ts';
import { CHURN_GROUPS, churn } from '../../src/programs/churn.ts';
import { namespaceScraper } from '../helpers/namespace-scraper.ts';
import type { TestNetns } from '../helpers/netns.ts';
import { sendUdp } from '../helpers/packets.ts';
import { runTelemetry } from '../helpers/telemetry.ts';
import { type NamespacePair, namespacePair, seriesOf } from '../helpers/telemetry-pair.ts';

interface Bench extends NamespacePair {
  readonly telemetry: TelemetryMaps;
}

/** Both namespaces are counted; what their set-up announced is not. */
async function bench(): Promise<Bench> {
  const pair = await namespacePair('wA');
  const running = runTelemetry(churn);
  const sockets = running.maps.map('churn', 'churn_sockets');
  const program = running.programs.get('churn_message') as number;
  const open = await Promise.all(
    [pair.left, pair.right].map(async (ns) =>
      openCountingSocket((await ns.io()).fd, program, CHURN_GROUPS, (cookie) =>
        sockets?.update(...churnSocketEntry(cookie, ns.inode)),
      ),
    ),
  );
  return {
    ...pair,
    telemetry: running.maps,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.close();
      running[Symbol.dispose]();
      await pair[Symbol.asyncDispose]();
    },
  };
}

async function changesIn(ns: TestNetns, telemetry: TelemetryMaps): Promise<Readonly<Record<string, number>>> {
  const series = await seriesOf(ns, collector, telemetry);
  return Object.fromEntries(
    [...series]
      .filter(([name]) => name.startsWith('weir_network_changes_total'))
      .map(([name, value]) => [
        ['device', 'object', 'change']
          .map((label) => new RegExp(`${label}="([^"]*)"`).exec(name)?.[1])
          .join(' '),
        value,
      ]),
  );
}

test('routes, rules, addresses and neighbours are counted one by one, in their namespace alone', async () => {
  await using pair = await bench();
  const { left, right, telemetry } = pair;
  const routes = Array.from({ length: 250 }, (_, i) => `route add 10.77.0.${i}/32 via 10.9.0.2`);
  left.exec('bash', '-c', `ip -batch - <<'END'\n${routes.join('\n')}\nEND`);
  for (const i of [1, 2, 3]) left.ip('route', 'del', `10.77.0.${i}/32`);
  for (const priority of ['100', '200']) left.ip('rule', 'add', 'priority', priority, 'table', 'main');
  left.ip('rule', 'del', 'priority', '100');
  left.ip('neighbour', 'add', '10.9.0.50', 'lladdr', '02:00:00:00:00:50', 'dev', 'v0', 'nud', 'permanent');
  left.ip('neighbour', 'del', '10.9.0.50', 'dev', 'v0');
  left.ip('address', 'add', '10.50.0.1/32', 'dev', 'v0');
  left.ip('nexthop', 'add', 'id', '7', 'via', '10.9.0.2', 'dev', 'v0');
  await expect
    .poll(() => changesIn(left, telemetry), { timeout: 5000 })
    .toMatchObject({
      // the address brings a local route of its own
      ' route new': 251,
      ' route deleted': 3,
      ' rule new': 2,
      ' rule deleted': 1,
      'v0 address new': 1,
      ' nexthop new': 1,
    });
  // the kernel marks a neighbour as failed before it deletes it
  const after = await changesIn(left, telemetry);
  expect(after['v0 neighbour new']).toBeGreaterThanOrEqual(1);
  expect(after['v0 neighbour deleted']).toBe(1);
  expect(await changesIn(right, telemetry)).toEqual({});
});

test('links are counted by device, deleted ones without it', async () => {
  await using pair = await bench();
  const { left, telemetry } = pair;
  left.ip('link', 'set', 'v0', 'mtu', '1400');
  const before = (await changesIn(left, telemetry))['v0 link new'] ?? 0;
  expect(before).toBeGreaterThanOrEqual(1);
  left.ip('link', 'add', 'v5', 'type', 'veth', 'peer', 'name', 'v6');
  left.ip('link', 'del', 'v5');
  const after = await changesIn(left, telemetry);
  expect(after[' link deleted']).toBe(2);
  expect(after['v0 link new']).toBe(before);
  // of a device that is gone nothing is told
  expect(Object.keys(after).filter((name) => /^v[56]/.test(name))).toEqual([]);
});

test('neighbours that do not answer are counted when they are given up', async () => {
  await using pair = await bench();
  const { left, right, telemetry } = pair;
  const quick = ['retrans_time_ms=50', 'mcast_solicit=2'].map((text) => `net.ipv4.neigh.v0.${text}`);
  left.exec('sysctl', '-qw', ...quick);
  for (const host of [71, 72, 73]) sendUdp(left, { to: `10.9.0.${host}`, count: 2 });
  const failures = async (ns: TestNetns) =>
    [...(await seriesOf(ns, collector, telemetry))].filter(([name]) => name.includes('neighbour_failures'));
  await expect
    .poll(() => failures(left), { timeout: 10_000 })
    .toEqual([[expect.stringMatching(/device="v0",family="inet"/), 3]]);
  await sleep(300);
  expect((await failures(left)).map(([, value]) => value)).toEqual([3]);
  expect(await failures(right)).toEqual([]);
});

test('the time of the last change of a carrier is told, and no other', async () => {
  await using pair = await bench();
  const { left, right, telemetry } = pair;
  const options = { collectors: [collector], telemetry };
  await using scraper = await namespaceScraper([['', await left.io()]], options);
  const times = async () => [
    ...(await scraper.scrape()).matchAll(
      /^weir_network_carrier_changed_timestamp_seconds\{device="(.*)"\} (.*)$/gm,
    ),
  ];
  expect(await times()).toEqual([]);
  const before = Date.now() / 1000;
  right.ip('link', 'set', 'v0', 'down');
  right.ip('link', 'set', 'v0', 'up');
  await expect.poll(async () => (await times()).length, { timeout: 5000 }).toBe(1);
  const [[, device, time] = []] = await times();
  expect(device).toBe('v0');
  expect(Number(time)).toBeGreaterThanOrEqual(before - 0.001);
  expect(Number(time)).toBeLessThanOrEqual(Date.now() / 1000);
});
