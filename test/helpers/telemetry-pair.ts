// SPDX-License-Identifier: Apache-2.0
import type { Collector } from '../../src/metrics/collector.ts';
import type { TelemetryMaps } from '../../src/observe/telemetry/telemetry.ts';
import { namespaceScraper } from './namespace-scraper.ts';
import { netns, type TestNetns } from './netns.ts';

/** Two namespaces joined by a veth pair, both ends of which are called `v0`: 10.9.0.1 and 10.9.0.2, without IPv6. */
export interface NamespacePair extends AsyncDisposable {
  readonly left: TestNetns;
  readonly right: TestNetns;
}

/** Both ends know each other's MAC address, so that no packet flows that a test does not send. */
export async function namespacePair(prefix: string): Promise<NamespacePair> {
  const left = await netns(prefix);
  const right = await netns(prefix);
  for (const ns of [left, right])
    ns.exec('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
  const [one, other] = ['02:00:00:00:09:01', '02:00:00:00:09:02'];
  const peer = ['peer', 'name', 'v0', 'address', other, 'netns', right.name];
  left.ip('link', 'add', 'v0', 'address', one, 'type', 'veth', ...peer);
  join(left, '10.9.0.1', '10.9.0.2', other);
  join(right, '10.9.0.2', '10.9.0.1', one);
  return {
    left,
    right,
    async [Symbol.asyncDispose]() {
      await left[Symbol.asyncDispose]();
      await right[Symbol.asyncDispose]();
    },
  };
}

function join(ns: TestNetns, address: string, peer: string, mac: string): void {
  ns.ip('link', 'set', 'v0', 'up');
  ns.ip('address', 'add', `${address}/24`, 'dev', 'v0');
  ns.ip('neighbour', 'replace', peer, 'lladdr', mac, 'dev', 'v0', 'nud', 'permanent');
}

/** Series of one collector in one namespace: value by `name{labels}`. */
export async function seriesOf(
  ns: TestNetns,
  collector: Collector,
  telemetry: TelemetryMaps,
): Promise<ReadonlyMap<string, number>> {
  await using scraper = await namespaceScraper([['', await ns.io()]], { collectors: [collector], telemetry });
  const lines = (await scraper.scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}
