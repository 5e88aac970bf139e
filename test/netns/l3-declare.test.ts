// SPDX-License-Identifier: Apache-2.0
// Layer 3 objects on the real kernel: what is declared, written and read back is the same, and `ip -j` sees it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Encoder } from '../../src/codec/encoder.ts';
import { NLM_F_REQUEST } from '../../src/codec/generated/netlink.ts';
import { noPrograms } from '../../src/engine/fake/no-programs.ts';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { NETLINK } from '../../src/kernel/ports.ts';
import { objectClass } from '../../src/kinds/classes.ts';
import type { Change, OperationSink } from '../../src/kinds/object-class.ts';
import type { ClassName, ReadRequest, Spec } from '../../src/model/object.ts';
import { createStateReader } from '../../src/observe/state/reader.ts';
import { differing } from '../../src/plan/settings.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { CASES, type Case } from './l3-cases.ts';

let ns: TestNetns;
const port = namespaces();
const reader = createStateReader(port, noPrograms);

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
