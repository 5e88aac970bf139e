// SPDX-License-Identifier: Apache-2.0
// Layer 3 objects on the real kernel: what is declared, written and read back is the same, and `ip -j` sees it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Encoder } from '../../src/codec/encoder.ts';
import { NLM_F_REQUEST } from '../../src/codec/generated/netlink.ts';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { NETLINK } from '../../src/kernel/ports.ts';
import { objectClass } from '../../src/kinds/classes.ts';
import type { Change, OperationSink } from '../../src/kinds/object-class.ts';
import type { ClassName, ReadRequest, Spec } from '../../src/model/object.ts';
import { createStateReader } from '../../src/observe/state/reader.ts';
import { differing } from '../../src/plan/settings.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

let ns: TestNetns;
const port = namespaces();
const reader = createStateReader(port);

beforeAll(async () => {
  ns = await netns('wC');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  ns.ip('link', 'add', 'br0', 'type', 'bridge');
  ns.ip('link', 'add', 'vx0', 'type', 'vxlan', 'id', '42', 'dstport', '4789', 'local', '192.0.2.1');
  ns.ip('link', 'set', 'vx0', 'master', 'br0');
  for (const dev of ['v0', 'v1', 'br0', 'vx0']) ns.ip('link', 'set', dev, 'up');
  ns.ip('address', 'add', '192.0.2.1/24', 'dev', 'v0');
  ns.ip('address', 'add', '2001:db8::1/64', 'dev', 'v0', 'nodad');
  for (const [id, via] of [
    ['1', '192.0.2.61'],
    ['2', '192.0.2.62'],
    ['3', '2001:db8::61'],
  ] as const)
    ns.ip('nexthop', 'add', 'id', id, 'via', via, 'dev', 'v0');
});
afterAll(() => ns?.[Symbol.asyncDispose]());

/** The canonical object of an item; complaints fail. */
function declared(name: ClassName, item: Readonly<Record<string, unknown>>): Spec {
  const problems: string[] = [];
  const [object] =
    objectClass(name).declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`)) ?? [];
  expect(problems).toEqual([]);
  return (object as { spec: Spec }).spec;
}

/** Carry out one change. */
async function write(name: ClassName, change: Change): Promise<void> {
  const out = new Encoder();
  const sink = {
    rtnl(type: number, flags: number, body: (to: Encoder) => void) {
      const mark = out.messageBegin(type, flags | NLM_F_REQUEST);
      body(out);
      out.messageEnd(mark);
    },
    ifindex: (dev: string) => JSON.parse(ns.ip('-j', 'link', 'show', 'dev', dev))[0].ifindex as number,
  } as OperationSink;
  objectClass(name).write(change, sink);
  const transport = await (await ns.io()).netlink(NETLINK.ROUTE);
  const [failure] = await transport.submit(out.batch(), { ack: 'each' });
  if (failure !== undefined) throw failure.error;
}

async function read(
  request: Partial<ReadRequest>,
): Promise<readonly { class: ClassName; key: string; spec: Spec }[]> {
  return [...(await reader.read({ netns: ns.name, keys: new Map(), ...request })).values()];
}

async function readOne(name: ClassName, key: string): Promise<Spec | undefined> {
  const found = await read({ keys: new Map([[name, new Set([key])]]) });
  return found.find((one) => one.class === name && one.key === key)?.spec;
}

/** Items, and what they are changed to. Each is created, read, exported, changed, read and removed. */
type Case = readonly [name: ClassName, title: string, item: object, changed: object | undefined];
const CASES: readonly (readonly [ClassName, string, object, (object | undefined)?])[] = [
  [
    'route',
    'through a gateway',
    { dst: '10.1.0.0/16', gateway: '192.0.2.9', dev: 'v0' },
    { gateway: '192.0.2.8' },
  ],
  ['route', 'whose device the kernel finds', { dst: '10.2.0.0/16', gateway: '192.0.2.9' }],
  ['route', 'on a device', { dst: '10.3.0.0/16', dev: 'v0', metric: 7, tos: 16 }, { prefsrc: '192.0.2.1' }],
  ['route', 'default', { dst: 'default', gateway: '192.0.2.9', dev: 'v0', metric: 50 }],
  ['route', 'default of IPv6', { dst: '::/0', gateway: 'fe80::9', dev: 'v0', pref: 'high' }],
  ['route', 'to a host', { dst: '10.0.0.0', dev: 'v0' }],
  ['route', 'of another table', { dst: '10.1.0.0/16', gateway: '192.0.2.9', dev: 'v0', table: 1000 }],
  ['route', 'blackhole', { dst: '10.4.0.0/16', type: 'blackhole' }, { metrics: { mtu: 1400 } }],
  ['route', 'unreachable', { dst: '10.4.0.0/16', type: 'unreachable', metric: 9 }],
  ['route', 'prohibit', { dst: '10.4.0.0/16', type: 'prohibit', table: 7 }],
  ['route', 'throw', { dst: '10.4.0.0/16', type: 'throw' }],
  ['route', 'local', { dst: '10.5.0.0/24', type: 'local', dev: 'v0', table: 'local' }],
  ['route', 'multicast', { dst: '239.0.0.0/8', type: 'multicast', dev: 'v0' }],
  ['route', 'blackhole of IPv6', { dst: '2001:db8:4::/48', type: 'blackhole' }],
  [
    'route',
    'of IPv6 with metric',
    { dst: '2001:db8:5::/48', gateway: '2001:db8::9', dev: 'v0', metric: 5 },
    { gateway: '2001:db8::8' },
  ],
  [
    'route',
    'with metrics',
    {
      dst: '10.6.0.0/16',
      dev: 'v0',
      metrics: { mtu: 1400, advmss: 1300, initcwnd: 20, rtt: 100, rttvar: 50, lock: ['mtu'], ecn: true },
    },
    { metrics: { mtu: 1300 } },
  ],
  ['route', 'onlink', { dst: '10.7.0.0/16', gateway: '203.0.113.1', dev: 'v0', onlink: true }],
  ['route', 'via IPv6', { dst: '10.8.0.0/16', via: { family: 'inet6', host: 'fe80::1' }, dev: 'v0' }],
  [
    'route',
    'over several ways',
    {
      dst: '10.9.0.0/16',
      nexthops: [
        { gateway: '192.0.2.7', dev: 'v0', weight: 3 },
        { gateway: '192.0.2.8', dev: 'v0' },
      ],
    },
    {
      nexthops: [
        { gateway: '192.0.2.7', dev: 'v0' },
        { gateway: '192.0.2.6', dev: 'v0' },
      ],
    },
  ],
  [
    'route',
    'over several ways of IPv6',
    {
      dst: '2001:db8:9::/48',
      nexthops: [
        { gateway: '2001:db8::7', dev: 'v0', weight: 3 },
        { gateway: '2001:db8::8', dev: 'v0' },
      ],
    },
  ],
  [
    'address',
    'of IPv4',
    { dev: 'v0', address: '198.51.100.1/24', broadcast: '198.51.100.255', label: 'v0:x' },
  ],
  ['address', 'with scope and metric', { dev: 'v0', address: '198.51.100.2/24', scope: 'link', metric: 9 }],
  ['address', 'of IPv6', { dev: 'v0', address: '2001:db8:7::1/64', nodad: true, noprefixroute: true }],
  ['address', 'of IPv6 with a peer', { dev: 'v0', address: '2001:db8:8::1/128', peer: '2001:db8:8::2' }],
  [
    'address',
    'for a time',
    { dev: 'v0', address: '198.51.100.3/24', valid_life_time: 600, preferred_life_time: 300 },
    { valid_life_time: 900, preferred_life_time: 500 },
  ],
  [
    'address',
    'of IPv6 for a time',
    { dev: 'v0', address: '2001:db8:a::1/64', nodad: true, valid_life_time: 600 },
    { valid_life_time: 900, preferred_life_time: 1 },
  ],
  [
    'address',
    'of IPv6 for ever that is deprecated soon',
    { dev: 'v0', address: '2001:db8:d::1/64', nodad: true, preferred_life_time: 9 },
  ],
  ['address', 'without a broadcast address', { dev: 'v0', address: '198.51.100.5/24' }, { metric: 7 }],
  ['address', 'that is secondary', { dev: 'v0', address: '192.0.2.77/24' }, { metric: 7 }],
  ['address', 'at home', { dev: 'v0', address: '2001:db8:b::1/64', nodad: true, home: true }],
  [
    'address',
    'that temporary ones are made from',
    { dev: 'v0', address: '2001:db8:c::1/64', nodad: true, mngtmpaddr: true },
    { mngtmpaddr: undefined },
  ],
  ['nexthop', 'through a gateway', { id: 10, gateway: '192.0.2.9', dev: 'v0' }, { gateway: '192.0.2.8' }],
  ['nexthop', 'of IPv6', { id: 11, gateway: 'fe80::1', dev: 'v0' }, undefined],
  ['nexthop', 'on a device', { id: 12, dev: 'v0', family: 'inet6' }, undefined],
  ['nexthop', 'blackhole', { id: 13, blackhole: true }, undefined],
  ['nexthop', 'onlink', { id: 14, gateway: '203.0.113.9', dev: 'v0', onlink: true }, undefined],
  ['nexthop', 'for forwarding entries', { id: 15, gateway: '192.0.2.9', fdb: true }, undefined],
  [
    'nexthop',
    'group',
    { id: 16, group: [{ id: 1, weight: 3 }, { id: 2 }] },
    { group: [{ id: 2, weight: 9 }] },
  ],
  [
    'nexthop',
    'resilient group',
    {
      id: 17,
      type: 'resilient',
      group: [{ id: 1 }, { id: 2 }],
      resilient_args: { buckets: 32, idle_timer: 60 },
    },
    { resilient_args: { buckets: 32, idle_timer: 30 } },
  ],
  ...(
    [
      ['ip', { type: 'ip', id: 5, dst: '192.0.2.9', ttl: 9, key: true }, { type: 'ip', dst: '192.0.2.8' }],
      [
        'ip6',
        { type: 'ip6', id: 5, dst: '2001:db8::9', ttl: 3 },
        { type: 'ip6', dst: '2001:db8::8', tos: 4 },
      ],
      [
        'seg6',
        { type: 'seg6', mode: 'encap', segs: ['2001:DB8::a', '2001:db8::b'] },
        { type: 'seg6', segs: ['2001:db8::c'] },
      ],
    ] as const
  ).map(
    ([kind, encap, changed]) =>
      [
        'route',
        `into a tunnel of kind ${kind}`,
        { dst: '10.12.0.0/16', dev: 'v0', encap },
        { encap: changed },
      ] as const,
  ),
  ...(
    [
      ['inline segments', { type: 'seg6', mode: 'inline', segs: ['2001:db8::a'] }],
      ['a local segment', { type: 'seg6local', action: 'End' }],
      ['a local segment with a router', { type: 'seg6local', action: 'End.X', nh6: '2001:db8::9' }],
      ['a local segment with a table', { type: 'seg6local', action: 'End.DT6', table: 7 }],
    ] as const
  ).map(([title, encap]) => ['route', title, { dst: '2001:db8:12::/48', dev: 'v0', encap }] as const),
  [
    'route',
    'over ways with a tunnel and realms',
    {
      dst: '10.13.0.0/16',
      nexthops: [
        { gateway: '192.0.2.7', dev: 'v0', encap: { type: 'ip', id: 5, dst: '192.0.2.9' } },
        { gateway: '192.0.2.8', dev: 'v0', realms: { to: 5, from: 4 } },
      ],
    },
  ],
  [
    'route',
    'with realms',
    { dst: '10.14.0.0/16', dev: 'v0', realms: { from: 4, to: 5 } },
    { realms: { to: 6 } },
  ],
  [
    'nexthop',
    'into a tunnel',
    { id: 20, gateway: '2001:db8::9', dev: 'v0', encap: { type: 'seg6', segs: ['2001:db8::a'] } },
    { encap: { type: 'ip', id: 9, dst: '192.0.2.9' } },
  ],
  ['route', 'by a nexthop', { dst: '10.10.0.0/16', nhid: 1 }, { nhid: 2 }],
  ['route', 'by a nexthop of IPv6', { dst: '2001:db8:10::/48', nhid: 3 }, undefined],
  [
    'neighbour',
    'permanent',
    { dst: '192.0.2.44', dev: 'v0', lladdr: '02:00:00:00:00:44' },
    { lladdr: '02:00:00:00:00:45' },
  ],
  [
    'neighbour',
    'router',
    { dst: '2001:db8::44', dev: 'v0', lladdr: '02:00:00:00:00:44', router: true },
    undefined,
  ],
  ['neighbour', 'proxy', { dst: '192.0.2.45', dev: 'v0', proxy: true }, undefined],
  ['fdb', 'of a bridge', { lladdr: '02:00:00:00:00:46', dev: 'vx0' }, undefined],
  [
    'fdb',
    'remote',
    { lladdr: '02:00:00:00:00:47', dev: 'vx0', dst: '192.0.2.99' },
    { dst: '192.0.2.98', port: 4790, vni: 43 },
  ],
  [
    'fdb',
    'remote for the unknown',
    { lladdr: '00:00:00:00:00:00', dev: 'vx0', dst: '192.0.2.97' },
    undefined,
  ],
  ['rule', 'of a source', { priority: 100, from: '10.0.0.0/8', table: 1000 }, undefined],
  ['rule', 'of everything', { priority: 101, table: 'default' }, undefined],
  ['rule', 'of IPv6', { priority: 102, to: '2001:db8::/32', table: 7 }, undefined],
  [
    'rule',
    'with selectors',
    {
      priority: 103,
      from: '10.0.0.1',
      to: '10.1.0.0/16',
      iif: 'v0',
      fwmark: 16,
      fwmask: 240,
      tos: 16,
      ipproto: 'tcp',
      sport: 1000,
      dport: { start: 80, end: 90 },
      uidrange: { start: 0, end: 99 },
      not: true,
      table: 9,
    },
    undefined,
  ],
  ['rule', 'that drops', { priority: 104, from: '10.0.0.0/8', action: 'prohibit' }, undefined],
  ['rule', 'that jumps', { priority: 105, oif: 'v0', goto: 200 }, undefined],
  [
    'rule',
    'that suppresses',
    { priority: 106, table: 'main', suppress_prefixlen: 0, suppress_ifgroup: 5 },
    undefined,
  ],
  ['rule', 'of VRFs', { priority: 107, l3mdev: true }, undefined],
  [
    'rule',
    'with realms',
    { priority: 108, from: '10.9.0.0/16', table: 9, realms: { from: 1, to: 2 } },
    undefined,
  ],
  ['rule', 'of a tunnel', { priority: 109, tun_id: 9, table: 9 }, undefined],
];

/** The object as `ip -j` shows it. */
function told(name: ClassName, spec: Spec): object | undefined {
  const v6 = JSON.stringify([spec['dst'], spec['from'], spec['to'], spec['family']]).match(/:[^,]*:|inet6/);
  const list = (...words: string[]) =>
    JSON.parse(ns.ip('-j', '-d', ...(v6 ? ['-6'] : []), ...words) || '[]') as Record<string, unknown>[];
  if (name === 'route') {
    const shown = list(
      'route',
      'show',
      'table',
      String(spec['table'] ?? 'main'),
      'exact',
      String(spec['dst']),
    );
    return shown.find(
      ({ metric = 0, tos }) =>
        metric === (spec['metric'] ?? (v6 ? 1024 : 0)) && Number(tos ?? 0) === (spec['tos'] ?? 0),
    );
  }
  if (name === 'nexthop') return list('nexthop', 'show', 'id', String(spec['id']))[0];
  if (name === 'rule') return list('rule', 'show', 'priority', String(spec['priority']))[0];
  if (name === 'neighbour')
    return list('neighbour', 'show', ...(spec['proxy'] === true ? ['proxy'] : []), 'dev', 'v0').find(
      ({ dst }) => dst === spec['dst'],
    );
  if (name !== 'address') return {};
  const [device] = JSON.parse(ns.ip('-j', 'address', 'show', 'dev', String(spec['dev'])));
  const all = device.addr_info as Record<string, unknown>[];
  return all.find(({ local, prefixlen }) => `${local}/${prefixlen}` === spec['address']);
}

/** Fields that ip shows under their own names and values. */
const ALIKE: Partial<Record<ClassName, readonly string[]>> = {
  route: ['type', 'gateway', 'prefsrc', 'nhid', 'via', 'metric', 'pref'],
  nexthop: ['id', 'gateway', 'dev', 'blackhole', 'fdb', 'resilient_args'],
  rule: ['priority', 'iif', 'oif', 'goto', 'ipproto', 'action', 'l3mdev', 'tun_id'],
  neighbour: ['dst', 'lladdr'],
  address: ['broadcast', 'scope', 'label', 'metric', 'nodad', 'noprefixroute', 'home', 'mngtmpaddr'],
};

/** What ip must say of an object with these settings. */
function wordsOf(name: ClassName, spec: Spec): object {
  const alike = (ALIKE[name] ?? []).filter((field) => spec[field] !== undefined && spec[field] !== true);
  const words: Record<string, unknown> = Object.fromEntries(alike.map((field) => [field, spec[field]]));
  if (name === 'route' && spec['nhid'] === undefined && spec['dev'] !== undefined) words['dev'] = spec['dev'];
  if (name === 'route' && spec['metrics'] !== undefined)
    words['metrics'] = [expect.objectContaining({ advmss: (spec['metrics'] as Spec)['advmss'] })];
  if (Array.isArray(spec['nexthops']))
    words['nexthops'] = expect.arrayContaining(
      spec['nexthops'].map(({ gateway, weight = 1 }: Spec) => expect.objectContaining({ gateway, weight })),
    );
  if (Array.isArray(spec['group']))
    words['group'] = spec['group'].map((one: Spec) => expect.objectContaining(one));
  for (const [field, length] of [
    ['from', 'srclen'],
    ['to', 'dstlen'],
  ] as const) {
    const [address, size] = name === 'rule' ? String(spec[field] ?? '').split('/') : [];
    if (address) words[field === 'from' ? 'src' : 'dst'] = address;
    if (size) words[length] = Number(size);
  }
  return words;
}

describe('an object that is declared', () => {
  it.each(CASES.map(([name, title, item, changed]): Case => [name, title, item, changed]))(
    '%s %s is what the kernel then reports',
    async (name, _, item, changed) => {
      const kind = objectClass(name);
      const spec = declared(name, item as Record<string, unknown>);
      const key = kind.key(spec);
      expect(await readOne(name, key)).toBeUndefined();
      await write(name, { op: 'create', after: spec });
      const seen = (await readOne(name, key)) as Spec;
      expect(seen, key).toBeDefined();
      expect({ differs: differing(kind, spec, seen, true), seen }).toEqual({ differs: [], seen });
      expect(declared(name, kind.item?.(seen) ?? {})).toEqual(seen);
      expect((await read({ all: true })).some((one) => one.class === name && one.key === key)).toBe(
        !(spec['table'] === 'local' || spec['valid_life_time'] !== undefined),
      );
      expect(told(name, spec), key).toMatchObject(wordsOf(name, spec));
      let last = seen;
      if (changed !== undefined) {
        const after = declared(name, { ...item, ...changed });
        await write(name, { op: 'change', before: seen, after });
        last = (await readOne(name, key)) as Spec;
        expect(differing(kind, after, last, true)).toEqual([]);
      }
      await write(name, { op: 'remove', before: last });
      expect(await readOne(name, key)).toBeUndefined();
    },
  );
});

describe('routes that are hard to find', () => {
  const wanted = (...keys: readonly string[]) => read({ keys: new Map([['route', new Set(keys)]]) });
  const add = (...words: readonly string[]) => ns.ip('route', 'add', ...words);

  it('are told apart by table, metric, type of service and length', async () => {
    add('10.50.0.0/16', 'dev', 'v0', 'metric', '5');
    add('10.50.0.0/16', 'dev', 'v0', 'metric', '9');
    add('10.50.0.0/16', 'dev', 'v0', 'tos', '0x10', 'metric', '9');
    add('10.50.0.0/24', 'dev', 'v0');
    add('10.50.0.0/32', 'dev', 'v0');
    add('10.50.0.0/16', 'dev', 'v0', 'table', '77');
    add('throw', '10.51.0.0/16');
    add('blackhole', '2001:db8:50::/48');
    add('2001:db8:50::/64', 'dev', 'v0');
    ns.ip('rule', 'add', 'to', '10.50.0.0/16', 'lookup', '77', 'priority', '50');
    const there = [
      'main 10.50.0.0/16 metric 5',
      'main 10.50.0.0/16 metric 9',
      'main 10.50.0.0/16 tos 16 metric 9',
      'main 10.50.0.0/24',
      'main 10.50.0.0',
      '77 10.50.0.0/16',
      'main 10.51.0.0/16',
      'main 2001:db8:50::/48',
      'main 2001:db8:50::/64',
    ];
    const absent = [
      'main 10.50.0.0/16',
      'main 10.50.0.0/20',
      'main 10.51.0.0/17',
      'main 10.52.0.0/16',
      '78 10.50.0.0/16',
      'main 2001:db8:50::/56',
      'main 2001:db8:51::/48',
    ];
    for (const key of there)
      expect((await wanted(key)).flatMap((one) => (one.class === 'route' ? one.key : []))).toEqual([key]);
    const found = await wanted(...there, ...absent);
    const keys = found.flatMap((one) => (one.class === 'route' ? one.key : []));
    expect(keys.toSorted()).toEqual(there.toSorted());
    const seen = JSON.parse(ns.ip('-j', 'route', 'show', 'table', 'all')) as {
      dst: string;
      table?: string;
    }[];
    expect(seen.filter(({ dst }) => dst.startsWith('10.52') || dst === '10.50.0.0/20')).toEqual([]);
  });

  it('are those of a device, whatever way leads there', async () => {
    const found = await read({ onLinks: new Set(['v0']) });
    const keys = found.flatMap((one) => (one.class === 'route' ? one.key : []));
    expect(keys).toContain('77 10.50.0.0/16');
    expect(keys).not.toContain('main 10.51.0.0/16');
  });
});

describe('items that cannot be', () => {
  it.each<readonly [ClassName, object, string]>([
    [
      'address',
      { dev: 'v0', address: '192.0.2.1/24', preferred_life_time: 9 },
      'valid_life_time: is missing: an IPv4 address for ever is preferred for ever',
    ],
    [
      'route',
      { dst: '10.0.0.1/8', dev: 'v0' },
      'dst: prefix "10.0.0.1/8": has bits behind its length: write 10.0.0.0/8, or a longer prefix',
    ],
    [
      'route',
      { dst: '10.0.0.0/8' },
      ': says no way: give gateway, dev, nexthops or nhid, or a type such as blackhole',
    ],
    [
      'route',
      { dst: '10.0.0.0/8', gateway: 'fe80::1' },
      "gateway: is not of the destination's family: for an IPv4 route use via",
    ],
    [
      'route',
      { dst: '10.0.0.0/8', dev: 'v0', type: 'blackhole' },
      'dev: a blackhole route sends packets nowhere: leave it out',
    ],
    ['nexthop', { id: 1 }, 'dev: is missing: name the device'],
    ['nexthop', { id: 1, group: [{ id: 2 }, { id: 2 }] }, 'group: names a nexthop twice: give it a weight'],
    ['rule', { priority: 5, goto: 4 }, "goto: must lie behind the rule's priority"],
    ['neighbour', { dst: '192.0.2.1', dev: 'v0' }, 'lladdr: is missing: give the MAC address'],
    [
      'fdb',
      { lladdr: '02:00:00:00:00:01', dev: 'v0', of: 'self' },
      'dst: is missing: give the remote address',
    ],
  ])('%s %j', (name, item, problem) => {
    const problems: string[] = [];
    objectClass(name).declare?.(item as Record<string, unknown>, (path, text) =>
      problems.push(`${path}: ${text}`),
    );
    expect(problems).toEqual([problem]);
  });
});
