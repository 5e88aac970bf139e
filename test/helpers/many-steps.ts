// SPDX-License-Identifier: Apache-2.0
// Two documents whose difference is about two hundred steps of many kinds, and what a node is before and after.
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestNetns } from './netns.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Objects that nobody declares, and that must stay as they are. */
export function makeForeign(ns: TestNetns): void {
  ns.ip('link', 'add', 'foreign0', 'type', 'veth', 'peer', 'name', 'foreign1');
  // no link-local addresses, which come a second later
  for (const dev of ['foreign0', 'foreign1']) ns.ip('link', 'set', dev, 'addrgenmode', 'none');
  for (const dev of ['foreign0', 'foreign1']) ns.ip('link', 'set', dev, 'up');
  ns.ip('addr', 'add', '172.16.0.1/24', 'dev', 'foreign0');
  ns.ip('route', 'add', '172.17.0.0/16', 'via', '172.16.0.2', 'proto', 'static');
  ns.ip('rule', 'add', 'from', '172.18.0.0/16', 'lookup', '50', 'prio', '500');
  ns.ip('neigh', 'add', '172.16.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'foreign0');
}

/** What is there at the start, as a document. */
export function startDocument(netns: string): string {
  const spec = {
    netns,
    links: [...cable('keep'), ...cable('gone')],
    addresses: [
      ...range(10).map((i) => ({ dev: 'keep0', address: `10.0.${i}.1/24` })),
      ...range(10).map((i) => ({ dev: 'gone0', address: `10.1.${i}.1/24` })),
    ],
    routes: range(20).map((i) => ({ dst: `10.64.${i}.0/24`, gateway: `10.0.${i % 10}.2`, dev: 'keep0' })),
    qdiscs: [
      { dev: 'keep0', kind: 'tbf', tbf: { rate: '50mbit', burst: '32kb', latency: '50ms' } },
      { dev: 'keep1', kind: 'bfifo', bfifo: { limit: '32kb' } },
      { dev: 'gone0', kind: 'tbf', tbf: { rate: '5mbit', burst: '4kb', latency: '9ms' } },
    ],
    rules: range(5).map((i) => ({ priority: 1000 + i, from: `10.2.${i}.0/24`, table: 100 + i })),
  };
  return JSON.stringify(network(spec));
}

/** What is asked for: everything is created, changed, replaced or removed somewhere in it. */
export function endDocument(netns: string): string {
  const spec = {
    netns,
    links: [...cable('keep', { mtu: 1400 }), ...cable('new')],
    addresses: [
      ...range(10).map((i) => ({ dev: 'keep0', address: `10.0.${i}.1/24` })),
      ...range(20).map((i) => ({ dev: 'new0', address: `10.3.${i}.1/24` })),
    ],
    routes: [
      ...range(10).map((i) => ({ dst: `10.64.${i}.0/24`, gateway: `10.0.${i % 10}.3`, dev: 'keep0' })),
      ...range(115).map((i) => ({
        dst: `10.65.${i}.0/24`,
        gateway: `10.3.${i % 20}.2`,
        dev: 'new0',
        metric: 7,
      })),
    ],
    qdiscs: [
      { dev: 'keep0', kind: 'tbf', tbf: { rate: '80mbit', burst: '32kb', latency: '50ms' } },
      { dev: 'keep1', kind: 'pfifo', pfifo: { limit: 50 } },
      { dev: 'new0', kind: 'bfifo', bfifo: { limit: '64kb' } },
    ],
    rules: range(15).map((i) => ({ priority: 1003 + i, from: `10.2.${i + 3}.0/24`, table: 103 + i })),
    neighbours: range(15).map((i) => ({
      dev: 'new0',
      dst: `10.3.0.${i + 100}`,
      lladdr: `02:00:00:00:01:0${i.toString(16)}`,
    })),
    nexthops: range(5).map((i) => ({ id: 100 + i, gateway: `10.3.${i}.2`, dev: 'new0' })),
  };
  return JSON.stringify(network(spec));
}

/** Both ends, up: nexthop objects want a carrier. */
function cable(name: string, more: object = {}) {
  const [near, far] = [`${name}0`, `${name}1`];
  return [
    { name: near, kind: 'veth', state: 'up', veth: { peer: far }, ...more },
    { name: far, kind: 'veth', state: 'up', veth: { peer_of: near } },
  ];
}

function network(spec: object) {
  return { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name: 'steps' }, spec };
}

/**
 * All that iproute2 shows of the node, without what a new object gets by chance: indexes, generated addresses, times and
 * counters.
 */
export function shown(ns: TestNetns): unknown {
  // link-local addresses come a second later, and each new device has another one
  const ip = batch(
    (...args) => ns.ip('-4', '-j', '-d', ...args),
    ['addr', 'route show table all', 'rule', 'neigh show nud permanent', 'nexthop', 'link'],
  );
  return { ip, tc: batch((...args) => ns.tc('-j', ...args), ['qdisc show']) };
}

/** One process for all of them: each prints a line of JSON, or none. */
function batch(
  run: (...args: readonly string[]) => string,
  commands: readonly string[],
): readonly (readonly string[])[] {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'weir-batch-'));
  const file = join(folder.path, 'commands');
  writeFileSync(file, commands.map((command) => `${command}\n`).join(''));
  const lines = run('-batch', file).split('\n');
  return lines.filter((line) => line.startsWith('[')).map((line) => normal(JSON.parse(line)));
}

const CHANCE = [
  // of XDP: each load has another number and time
  'prog',
  'ifindex',
  'link_index',
  'address',
  'broadcast',
  'permaddr',
  'handle',
  'expires',
  'used',
  'gc_timer',
  'hello_timer',
];

function normal(list: unknown): readonly string[] {
  const text = (value: unknown): string => JSON.stringify(value, plain);
  const plain = (key: string, value: unknown): unknown => {
    if (CHANCE.includes(key)) return undefined;
    // a device keeps its addresses in the order in which they came
    return key === 'addr_info' ? normal(value) : value;
  };
  return (list as unknown[]).map(text).sort();
}
