// SPDX-License-Identifier: Apache-2.0
import { expect, onTestFinished, test } from 'vitest';
import { createNamespace, deleteNamespace, namespaces } from '../../src/kernel/namespaces.ts';
import type { Change } from '../../src/model/change.ts';
import { NamespaceSet } from '../../src/observe/namespace-set.ts';
import { watchChanges } from '../../src/observe/watch.ts';
import { netns } from '../helpers/netns.ts';

test('changes of routes, rules, neighbours and nexthops arrive as typed objects', async () => {
  const ns = await netns('wc');
  onTestFinished(() => ns[Symbol.asyncDispose]());
  const io = await ns.io();
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  ns.ip('link', 'set', 'v0', 'up');
  ns.ip('link', 'set', 'v1', 'up');
  ns.ip('addr', 'add', '192.0.2.1/24', 'dev', 'v0');
  const v0 = (JSON.parse(ns.ip('-j', 'link', 'show', 'v0')) as { ifindex: number }[])[0]?.ifindex;
  const heard: Change[] = [];
  const kinds = ['route', 'rule', 'neighbour', 'nexthop'] as const;
  const subscription = await watchChanges(io, kinds, (change) => heard.push(change), {
    names: (ifindex) => (ifindex === v0 ? 'v0' : undefined),
  });
  onTestFinished(() => subscription.close());
  ns.ip('nexthop', 'add', 'id', '9', 'via', '192.0.2.9', 'dev', 'v0');
  ns.ip('route', 'add', '10.0.0.0/8', 'nhid', '9');
  ns.ip('rule', 'add', 'fwmark', '7', 'lookup', '100');
  ns.ip('neigh', 'add', '192.0.2.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'v0');
  ns.ip('rule', 'del', 'fwmark', '7', 'lookup', '100');
  ns.ip('route', 'del', '10.0.0.0/8');
  const event = (kind: Change['kind'], action: 'new' | 'del', object: object) =>
    expect.objectContaining({ kind, action, netns: ns.name, object: expect.objectContaining(object) });
  for (const expected of [
    event('nexthop', 'new', { id: 9, gateway: '192.0.2.9', dev: 'v0' }),
    event('route', 'new', { dst: '10.0.0.0/8', nhid: 9, table: 'main' }),
    event('rule', 'new', { fwmark: '0x7', table: '100' }),
    event('neighbour', 'new', { dst: '192.0.2.9', lladdr: '02:00:00:00:00:09', dev: 'v0' }),
    event('rule', 'del', { fwmark: '0x7' }),
    event('route', 'del', { dst: '10.0.0.0/8' }),
  ])
    await expect.poll(() => heard).toContainEqual(expected);
});

test('an overrun is a `lost` change that names the kinds', async () => {
  const ns = await netns('wc');
  onTestFinished(() => ns[Symbol.asyncDispose]());
  const io = await ns.io();
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  ns.ip('link', 'set', 'v0', 'up');
  ns.ip('addr', 'add', '10.0.0.1/8', 'dev', 'v0');
  const heard: Change[] = [];
  const subscription = await watchChanges(io, ['route'], (change) => heard.push(change), {
    names: () => 'v0',
    receiveBuffer: 4096,
  });
  onTestFinished(() => subscription.close());
  // one synchronous call makes 5,000 routes while this thread cannot read
  const loop =
    'i=0; while [ $i -lt 5000 ]; do echo route add 11.$((i/256)).$((i%256)).0/24 dev v0; i=$((i+1)); done';
  ns.exec('sh', '-c', `(${loop}) | ip -batch -`);
  await expect
    .poll(() => heard)
    .toContainEqual(expect.objectContaining({ kind: 'lost', netns: ns.name, kinds: ['route'] }));
});

test('a namespace of the kernel is taken up when it appears and set free when its name goes', async () => {
  const name = `wc-set-${process.pid}`;
  const set = new NamespaceSet(namespaces(), {
    pollMs: 50,
    discover: { processes: false, accept: (found) => found === name },
  });
  onTestFinished(() => set.close());
  await set.start();
  expect(set.all().map((one) => one.name)).toEqual(['']);
  createNamespace(name);
  try {
    await expect
      .poll(() =>
        set
          .get(name)
          ?.snapshot.links()
          .map(({ link }) => link.ifname),
      )
      .toEqual(['lo']);
  } finally {
    deleteNamespace(name);
  }
  await expect.poll(() => set.get(name)).toBeUndefined();
  expect(set.problems()).toEqual([]);
});
