// SPDX-License-Identifier: Apache-2.0
// What the kernel drops of itself when a step is carried out is what plans expect of it.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { noPrograms } from '../../src/engine/fake/no-programs.ts';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { type NetObject, objectId, type Spec } from '../../src/model/object.ts';
import { createStateReader } from '../../src/observe/state/reader.ts';
import { lossesOf } from '../../src/plan/consequences.ts';
import type { Action } from '../../src/plan/plan.ts';
import { sameValue } from '../../src/plan/settings.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const reader = createStateReader(namespaces(), noPrograms);
let ns: TestNetns;

/** Two devices with everything that stands on devices, and a bridge with a port. */
const SETUP = `link add v0 type veth peer name v1
link add x0 type veth peer name x1
link add br0 type bridge
link add mv link v0 type macvlan
link set v0 up
link set v1 up
link set br0 up
link set mv up
link set x0 master br0
link set x0 up
link set x1 up
address add 192.0.2.1/24 dev v0
address add 192.0.2.2/24 dev v0
address add 198.51.100.1/24 dev v1
address add 203.0.113.1/24 dev br0
address add 2001:db8::1/64 dev v0 nodad
address add 2001:db8:9::1/64 dev br0 nodad
address add 10.99.0.1/24 dev mv
nexthop add id 1 via 192.0.2.9 dev v0
nexthop add id 2 via 198.51.100.9 dev v1
nexthop add id 3 group 1/2
nexthop add id 4 via 2001:db8::9 dev v0
nexthop add id 5 via 203.0.113.9 dev br0
nexthop add id 6 group 5
nexthop add id 7 group 1/5
nexthop add id 8 via 10.99.0.9 dev mv
route add 10.1.0.0/16 via 192.0.2.9
route add 10.2.0.0/16 dev v1 src 192.0.2.1
route add 10.3.0.0/16 dev v1 src 192.0.2.2
route add 10.4.0.0/16 dev v0 table 7
route add blackhole 10.5.0.0/16
route add 10.13.0.0/16 dev v0 src 203.0.113.1
route add 10.6.0.0/16 nexthop via 192.0.2.9 dev v0 nexthop via 198.51.100.9 dev v1
route add 10.7.0.0/16 nhid 1
route add 10.8.0.0/16 nhid 3
route add 10.9.0.0/16 nhid 6
route add 10.10.0.0/16 nhid 7
route add 10.11.0.0/16 nexthop via 192.0.2.9 dev v0 nexthop via 203.0.113.9 dev br0
route add 10.12.0.0/16 nhid 8
route add 2001:db8:1::/48 via 2001:db8::9
route add 2001:db8:2::/48 dev v1 src 2001:db8::1
route add 2001:db8:6::/48 nexthop via 2001:db8::9 dev v0 nexthop via 2001:db8:9::9 dev br0
route add 2001:db8:7::/48 nhid 4
neighbour add 192.0.2.50 lladdr 02:00:00:00:00:50 dev v0
neighbour add 2001:db8::50 lladdr 02:00:00:00:00:50 dev v0
neighbour add proxy 192.0.2.51 dev v0
neighbour add proxy 2001:db8::51 dev v0
rule add from 192.0.2.1 iif v0 lookup 7 priority 70`;

beforeEach(async () => {
  ns = await netns('wC');
  for (const line of SETUP.split('\n')) ns.ip(...line.split(' '));
  ns.exec('bridge', 'fdb', 'add', '02:00:00:00:00:99', 'dev', 'x0', 'master', 'static');
});
afterEach(() => ns[Symbol.asyncDispose]());

type Objects = ReadonlyMap<string, NetObject>;

async function everything(): Promise<Objects> {
  const found = await reader.read({
    netns: ns.name,
    keys: new Map([['sysctl', new Set(['net.ipv6.conf.v0.disable_ipv6'])]]),
    all: true,
  });
  const told = [...found.values()].filter(
    (one) => one.class !== 'device' && (one.class !== 'sysctl' || one.spec['value'] !== undefined),
  );
  return new Map(told.map((one) => [one.id, one]));
}

/** A step on a device: settings that it gets, or `remove`. */
type Step = readonly [
  title: string,
  name: NetObject['class'],
  key: string,
  after: Spec | 'remove',
  prepare: string,
  command: string,
];
const STEPS: readonly Step[] = [
  ['sets a device down', 'link', 'v0', { state: 'down' }, '', 'ip link set v0 down'],
  ['sets the other end down', 'link', 'v1', { state: 'down' }, '', 'ip link set v1 down'],
  ['sets a bridge down', 'link', 'br0', { state: 'down' }, '', 'ip link set br0 down'],
  ['sets the port of a bridge down', 'link', 'x0', { state: 'down' }, '', 'ip link set x0 down'],
  ['removes a bridge', 'link', 'br0', 'remove', '', 'ip link del br0'],
  ['removes a device', 'link', 'v0', 'remove', '', 'ip link del v0'],
  ['makes a device too small for IPv6', 'link', 'v0', { mtu: 1200 }, '', 'ip link set v0 mtu 1200'],
  ['makes a device smaller', 'link', 'v0', { mtu: 1280 }, '', 'ip link set v0 mtu 1280'],
  [
    'changes the MAC address',
    'link',
    'v0',
    { address: '02:00:00:00:00:77' },
    '',
    'ip link set v0 address 02:00:00:00:00:77',
  ],
  [
    'takes a port out of a bridge',
    'link',
    'x0',
    { master: undefined, port: undefined },
    '',
    'ip link set x0 nomaster',
  ],
  [
    'puts a device into a bridge',
    'link',
    'v0',
    { master: 'br0' },
    'ip link del mv',
    'ip link set v0 master br0',
  ],
  [
    'removes the primary address',
    'address',
    '192.0.2.1/24 dev v0',
    'remove',
    '',
    'ip address del 192.0.2.1/24 dev v0',
  ],
  [
    'removes it where others take its place',
    'address',
    '192.0.2.1/24 dev v0',
    'remove',
    'sysctl -q -w net.ipv4.conf.v0.promote_secondaries=1',
    'ip address del 192.0.2.1/24 dev v0',
  ],
  [
    'removes a secondary address',
    'address',
    '192.0.2.2/24 dev v0',
    'remove',
    '',
    'ip address del 192.0.2.2/24 dev v0',
  ],
  [
    'removes an address beside another',
    'address',
    '192.0.2.1/24 dev v0',
    'remove',
    'ip address add 10.77.0.1/24 dev v0',
    'ip address del 192.0.2.1/24 dev v0',
  ],
  [
    'removes an address of IPv6',
    'address',
    '2001:db8::1/64 dev v0',
    'remove',
    '',
    'ip address del 2001:db8::1/64 dev v0',
  ],
  ['removes a nexthop', 'nexthop', '1', 'remove', '', 'ip nexthop del id 1'],
  ['removes a nexthop alone in its group', 'nexthop', '5', 'remove', '', 'ip nexthop del id 5'],
  ['removes a group', 'nexthop', '3', 'remove', '', 'ip nexthop del id 3'],
  [
    'disables IPv6',
    'sysctl',
    'net.ipv6.conf.v0.disable_ipv6',
    { value: 1 },
    '',
    'sysctl -q -w net.ipv6.conf.v0.disable_ipv6=1',
  ],
];

it.each(STEPS)('the kernel, when somebody %s', async (title, name, key, settings, prepare, command) => {
  run(prepare);
  const before = await everything();
  const id = objectId(ns.name, name, key);
  const seen = before.get(id) as NetObject;
  expect(seen, id).toBeDefined();
  const { spec, ...object } = seen;
  const after = settings === 'remove' ? undefined : { ...spec, ...settings };
  const action: Action = {
    op: after === undefined ? 'remove' : 'change',
    ...object,
    before: spec,
    ...(after && { after }),
  };
  run(command);
  // the carrier of a bridge goes a little later
  await new Promise((done) => setTimeout(done, 150));
  const there = await everything();

  const { dropped, weakened, shaken } = lossesOf([action], before);
  const less = (ids: Iterable<string>) => [...ids].map((one) => one.replace(`netns ${ns.name} `, '')).sort();
  const gone = [...before.keys()].filter((one) => one !== id && !there.has(one));
  const changed = [...before.values()].filter((one) => {
    const now = there.get(one.id);
    return one.id !== id && now !== undefined && !sameValue(told(now.spec), told(one.spec));
  });
  console.log(
    `${title}: ${[...less(gone), ...less(changed.map((one) => `${one.id} (changed)`))].join(', ') || '-'}`,
  );
  const perhaps = new Set(shaken.map((one) => one.id));
  expect(less(gone.filter((one) => !perhaps.has(one)))).toEqual(less(dropped.map((one) => one.id)));
  const left = new Map(weakened.map(({ object: one, left: rest }) => [one.id, rest]));
  for (const one of changed.filter(({ id: of }) => !perhaps.has(of)))
    expect([one.id, told(there.get(one.id)?.spec ?? {})]).toEqual([one.id, told(left.get(one.id) ?? {})]);
  expect(less(left.keys())).toEqual(less(changed.map((one) => one.id).filter((one) => !perhaps.has(one))));
});

/** A bridge has MTU and MAC address of its ports; what IPv6 says of a device goes with IPv6. */
function told(spec: Spec): Spec {
  const { inet6_addr_gen_mode: _, ...rest } = spec;
  const { address: __, mtu: ___, ...bridge } = rest;
  return spec['kind'] === 'bridge' ? bridge : rest;
}

function run(command: string): void {
  const [program = '', ...words] = command.split(' ').filter((word) => word !== '');
  if (program === 'ip') ns.ip(...words);
  else if (program !== '') ns.exec(program, ...words);
}
