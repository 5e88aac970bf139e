// SPDX-License-Identifier: Apache-2.0
// Debian's node_exporter 1.5.0 and Weir look at the same namespace; every family that both have must be the same.
// Weir follows the names of node_exporter 1.12.1, which has more; `ADDED_SINCE` lists what 1.5.0 did not have yet.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { debianFile } from '../helpers/debian.ts';
import { keyOf, type ParsedFamily, parseExposition } from '../helpers/exposition-text.ts';
import { namespaceClient, namespaceProcess } from '../helpers/namespace-client.ts';
import { namespaceScraper } from '../helpers/namespace-scraper.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const PEER_PORT = 9100;
const PEER_COLLECTORS = [
  ...['arp', 'bonding', 'conntrack', 'ethtool', 'interrupts', 'lnstat', 'netclass', 'netdev', 'netstat'],
  ...[
    'network_route',
    'pressure',
    'qdisc',
    'schedstat',
    'sockstat',
    'softnet',
    'stat',
    'tcpstat',
    'udp_queues',
  ],
];
const PEER_ARGUMENTS = [
  `--web.listen-address=127.0.0.1:${PEER_PORT}`,
  '--web.disable-exporter-metrics',
  '--log.level=error',
  '--collector.disable-defaults',
  ...PEER_COLLECTORS.map((name) => `--collector.${name}`),
  // Debian's package hides lo by default, upstream does not
  '--collector.netdev.device-exclude=^$',
  '--collector.stat.softirq',
];

/** About the peer itself, not about the node. */
const PEER_ONLY = new Set(['node_exporter_build_info', 'promhttp_metric_handler_errors_total']);
/** Labels that node_exporter added after 1.5.0. */
const ADDED_SINCE = new Map([['node_network_info', ['adminstate']]]);
/**
 * Nothing to compare but the labels: time that a collector took, and what the peer itself changes by being asked (its
 * threads, its sockets, the request in the client's queue).
 */
const INCOMPARABLE =
  /^node_(scrape_collector_duration_seconds|procs_running|sockstat_sockets_used|tcp_connection_states.*_queued_bytes)/;
/** Shared by the whole machine and up and down at any time, so that it may take several attempts to see them stand. */
const VOLATILE = /^node_(procs_blocked|sockstat_(TCP|UDP)_mem|lnstat_entries_total)/;
const ATTEMPTS = 30;

async function buildNode(node: TestNetns, far: TestNetns): Promise<void> {
  const commands = [
    `link add wdeth type veth peer name far netns ${far.name}`,
    'link add wdp0 type veth peer name wdp1',
    'link add wdbr type bridge',
    'link set wdp1 master wdbr',
    'link add wdvx type vxlan id 42 dstport 4789 remote 10.9.0.2 dev wdeth',
    'link add wdmac link wdeth type macvlan mode bridge',
    'link add wdifb type ifb',
    'tuntap add wdtun mode tun',
    'tuntap add wdtap mode tap',
    'link set wdmac group 7 mtu 1400 txqueuelen 55',
    'address add 10.9.0.1/24 dev wdeth',
    'address add 2001:db8::1/64 dev wdeth nodad',
    'address add 192.168.7.1/24 dev wdbr',
    ...['wdeth', 'wdp0', 'wdp1', 'wdbr', 'wdvx', 'wdmac', 'wdifb'].map((name) => `link set ${name} up`),
    'link set wdp0 promisc on',
    'route add 10.20.0.0/16 nexthop via 10.9.0.2 weight 3 nexthop via 10.9.0.3 weight 1',
    'route add default via 10.9.0.2 metric 50',
    'route add 10.30.0.0/16 via 10.9.0.2 table 100 proto bgp',
    'route add 10.31.0.0/16 via 10.9.0.2 proto 77',
    'route add blackhole 10.40.0.0/16',
    'route add 2001:db8:1::/48 via 2001:db8::2 proto static',
    'route add 2001:db8:2::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3',
    'neighbour add 10.9.0.3 lladdr 02:00:00:00:00:03 dev wdeth nud permanent',
    'neighbour add 2001:db8::3 lladdr 02:00:00:00:00:03 dev wdeth nud permanent',
  ];
  for (const command of commands) node.ip(...command.split(' '));
  node.ip('link', 'set', 'wdeth', 'alias', 'to the "far" \\ side');
  far.ip('address', 'add', '10.9.0.2/24', 'dev', 'far');
  far.ip('address', 'add', '2001:db8::2/64', 'dev', 'far', 'nodad');
  far.ip('link', 'set', 'far', 'up');
  for (const command of [
    'qdisc add dev wdeth root handle 1: htb default 10',
    'class add dev wdeth parent 1: classid 1:10 htb rate 100mbit',
    'qdisc add dev wdeth parent 1:10 handle 10: pfifo limit 50',
    'qdisc add dev wdeth ingress',
    'qdisc add dev wdp0 root tbf rate 1mbit burst 5k latency 50ms',
    'qdisc add dev wdbr clsact',
  ])
    node.tc(...command.split(' '));
  const rules = [
    'add table inet weir',
    'add chain inet weir sent { type filter hook output priority 0 ; }',
    'add rule inet weir sent ct state new counter',
  ];
  execFileSync('ip', ['netns', 'exec', node.name, 'nft', '-f', '-'], { input: `${rules.join('\n')}\n` });
}

test('every family that node_exporter has too is the same', { timeout: 120_000 }, async () => {
  await using far = await netns('wd-far');
  await using node = await netns('wd-node');
  await buildNode(node, far);
  await using client = await namespaceClient(node.name);
  await using sleeper = await namespaceClient(node.name);
  await sleeper.ask({ listen: 5_000 });
  process.kill(sleeper.pid, 'SIGSTOP');
  await using _peer = namespaceProcess(
    node.name,
    debianFile('prometheus-node-exporter', 'usr/bin/prometheus-node-exporter'),
    PEER_ARGUMENTS,
  );
  for (const address of ['10.9.0.2', '2001:db8::2', '192.168.7.9', '10.20.1.1'])
    await client.ask({ send: address, port: 9, count: 20 });
  for (const address of ['127.0.0.1', '::1']) await client.ask({ send: address, port: 5_000, count: 7 });
  await using scraper = await namespaceScraper([['', await node.io()]]);
  const url = `http://127.0.0.1:${PEER_PORT}/metrics`;
  await client.get(url);
  await sleep(4_000); // duplicate address detection, router solicitations and ARP retries end

  const comparison = new Comparison();
  for (let attempt = 1; attempt <= ATTEMPTS && (attempt === 1 || comparison.open.size > 0); attempt++) {
    const before = parseExposition(await scraper.scrape());
    const peer = parseExposition(await client.get(url));
    const after = parseExposition(await scraper.scrape());
    comparison.add(before, peer, after);
  }
  comparison.print();
  expect([...comparison.open.values()]).toEqual([]);
  expect([...comparison.repeated].filter((family) => !VOLATILE.test(family))).toEqual([]);
  expect(comparison.families.size).toBeGreaterThan(120);
  expect(comparison.series.size).toBeGreaterThan(700);
  for (const family of MUST_OCCUR) expect(comparison.families).toContain(family);
});

/** Proof that the set-up provoked what is compared. */
const MUST_OCCUR = [
  'node_arp_entries',
  'node_ethtool_info',
  'node_network_info',
  'node_network_receive_bytes_total',
  'node_network_route_info',
  'node_network_speed_bytes',
  'node_nf_conntrack_entries',
  'node_qdisc_bytes_total',
  'node_tcp_connection_states',
  'node_udp_queues',
];

/** What agreed and what did not yet. */
class Comparison {
  readonly families = new Set<string>();
  readonly series = new Set<string>();
  /** Disagreements that no attempt has cleared, by series. */
  readonly open = new Map<string, string>();
  /** Families that needed more than one attempt. */
  readonly repeated = new Set<string>();
  #first = true;

  add(
    before: Map<string, ParsedFamily>,
    peer: Map<string, ParsedFamily>,
    after: Map<string, ParsedFamily>,
  ): void {
    for (const family of peer.values()) {
      if (PEER_ONLY.has(family.name)) continue;
      this.families.add(family.name);
      this.#family(family, before.get(family.name), after.get(family.name));
    }
    this.#first = false;
  }

  #family(peer: ParsedFamily, before: ParsedFamily | undefined, after: ParsedFamily | undefined): void {
    const type = `${peer.name}: type`;
    this.#judge(type, peer.name, before?.type === peer.type, `${before?.type ?? 'absent'}, not ${peer.type}`);
    const mine = samplesOf(before);
    const later = samplesOf(after);
    for (const [key, { value }] of peer.samples) {
      const [low, high] = [mine.get(key), later.get(key)];
      const series = `${peer.name}${key}`;
      this.series.add(series);
      const good =
        low !== undefined && high !== undefined && (INCOMPARABLE.test(series) || within(low, value, high));
      this.#judge(series, peer.name, good, `${low} .. ${high}, not ${value}`);
    }
    if (peer.name.startsWith('node_scrape_')) return; // Weir has more collectors
    for (const key of mine.keys())
      if (later.has(key))
        this.#judge(
          `${peer.name}${key} (more)`,
          peer.name,
          peer.samples.has(key),
          'node_exporter has it not',
        );
  }

  #judge(what: string, family: string, good: boolean, problem: string): void {
    if (good) this.open.delete(what);
    else if (this.#first) {
      this.open.set(what, `${what}: ${problem}`);
      this.repeated.add(family);
    }
  }

  print(): void {
    const repeated = [...this.repeated].sort().join(' ');
    console.log(
      `compared ${this.families.size} families, ${this.series.size} series; again: ${repeated || 'none'}`,
    );
  }
}

function samplesOf(family: ParsedFamily | undefined): Map<string, number> {
  const added = ADDED_SINCE.get(family?.name ?? '') ?? [];
  const samples = [...(family?.samples.values() ?? [])];
  return new Map(
    samples.map(({ labels, value }) => [
      keyOf(Object.fromEntries(Object.entries(labels).filter(([name]) => !added.includes(name)))),
      value,
    ]),
  );
}

function within(a: number, value: number, b: number): boolean {
  return Math.min(a, b) <= value && value <= Math.max(a, b);
}
