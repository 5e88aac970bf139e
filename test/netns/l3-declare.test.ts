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
type Case = readonly [name: ClassName, title: string, item: object, changed?: object];
const CASES: readonly Case[] = [
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
];

describe('an object that is declared', () => {
  it.each(CASES)('%s %s is what the kernel then reports', async (name, _, item, changed) => {
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
      !(spec['table'] === 'local'),
    );
    let last = seen;
    if (changed !== undefined) {
      const after = declared(name, { ...item, ...changed });
      await write(name, { op: 'change', before: seen, after });
      last = (await readOne(name, key)) as Spec;
      expect(differing(kind, after, last, true)).toEqual([]);
    }
    await write(name, { op: 'remove', before: last });
    expect(await readOne(name, key)).toBeUndefined();
  });
});
