// SPDX-License-Identifier: Apache-2.0
// What others configured stands again after a change that takes it along, and after the way back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { documentsIn, testEngine } from '../helpers/engine.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 600, probes: ['none'] };

const FOREIGN = `link add v0 type veth peer name v1
link add br0 type bridge
link add mv link v0 type macvlan
link set v0 up
link set v1 up
link set br0 up
link set mv up
address add 192.0.2.1/24 dev v0
address add 192.0.2.2/24 dev v0
address add 192.0.2.3/24 dev v0
address add 198.51.100.1/24 dev v1
address add 10.99.0.1/24 dev mv
address add 2001:db8::1/64 dev v0 nodad
address add 2001:db8:1::1/64 dev v1 nodad
nexthop add id 1 via 192.0.2.9 dev v0
nexthop add id 2 via 198.51.100.9 dev v1
nexthop add id 3 group 1/2
nexthop add id 4 via 2001:db8::9 dev v0
nexthop add id 5 blackhole
nexthop add id 6 group 5
route add default via 192.0.2.254
route add 10.1.0.0/16 via 192.0.2.9 metric 5
route add 10.2.0.0/16 dev v1 src 192.0.2.1
route add 10.3.0.0/16 dev v1 src 192.0.2.2
route add 10.4.0.0/16 dev v0 table 7
route add 10.6.0.0/16 nexthop via 192.0.2.9 dev v0 nexthop via 198.51.100.9 dev v1
route add 10.7.0.0/16 nhid 1
route add 10.8.0.0/16 nhid 3
route add 2001:db8:11::/48 via 2001:db8::9
route add 2001:db8:12::/48 dev v1 src 2001:db8::1
route add 2001:db8:16::/48 nexthop via 2001:db8::9 dev v0 nexthop via 2001:db8:1::9 dev v1
route add 2001:db8:17::/48 nhid 4
neighbour add 192.0.2.50 lladdr 02:00:00:00:00:50 dev v0
neighbour add 2001:db8::50 lladdr 02:00:00:00:00:50 dev v0
neighbour add proxy 192.0.2.51 dev v0
neighbour add proxy 2001:db8::51 dev v0
rule add from 192.0.2.1 iif v0 lookup 7 priority 70`;

let ns: TestNetns;
let directory: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-put-back-'));
  ns = await netns('wC');
  for (const line of FOREIGN.split('\n')) ns.ip(...line.split(' '));
});
afterEach(async () => {
  await ns[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** What iproute2 shows, without what comes and goes by itself. */
async function shown(): Promise<Record<string, readonly string[]>> {
  // the kernel's own addresses and routes of IPv6 return by and by
  await delay(300);
  const list = (...words: string[]) =>
    (JSON.parse(ns.ip('-j', '-d', ...words) || '[]') as Record<string, unknown>[])
      .map(stable)
      .filter(lasting);
  const links = JSON.parse(ns.ip('-j', 'address')) as { ifname: string; addr_info: object[] }[];
  return {
    // a bridge that had a port has its carrier from ports from then on
    links: links.flatMap(({ addr_info: _, ...link }) => (link.ifname === 'br0' ? [] : stable(link))),
    addresses: links
      .flatMap(({ ifname, addr_info: all }) => all.map((one) => `${ifname} ${stable(one)}`))
      .filter(lasting)
      .toSorted(),
    // inside a table the order of equal prefixes is all that counts, and there are none
    routes: list('route', 'show', 'table', 'all').toSorted(),
    routes6: list('-6', 'route', 'show', 'table', 'all').toSorted(),
    rules: list('rule'),
    neighbours: list('neighbour', 'show', 'nud', 'permanent').toSorted(),
    proxies: list('neighbour', 'show', 'proxy').toSorted(),
    nexthops: list('nexthop'),
  };
}

const stable = (one: object) =>
  JSON.stringify(one, (key, value) => (['cache', 'used', 'expires'].includes(key) ? undefined : value));
const lasting = (text: string) => !/fe80|ff00|"tentative"|"type":"(multicast|anycast)"/.test(text);

const network = (spec: string) =>
  documentsIn(
    `apiVersion: weir.dev/v1\nkind: Network\nmetadata: { name: test }\nspec: { netns: ${ns.name}, ${spec} }`,
  );

it.each([
  ['sets a device down', 'links: [{ name: v0, state: down }]'],
  ['sets its other end down', 'links: [{ name: v1, state: down }]'],
  ['makes a device too small for IPv6', 'links: [{ name: v0, mtu: 1200 }]'],
  ['gives a device another MAC address', 'links: [{ name: v0, address: "02:00:00:00:00:77" }]'],
  [
    'takes over an address and gives it a label',
    'addresses: [{ dev: v0, address: 192.0.2.1/24, label: "v0:x", adopt: true }]',
  ],
  [
    'takes over a secondary address and gives it a label',
    'addresses: [{ dev: v0, address: 192.0.2.2/24, label: "v0:x", adopt: true }]',
  ],
  ['puts a device into a bridge', 'links: [{ name: v1, master: br0 }]'],
  [
    'replaces a group of nexthops',
    'nexthops: [{ id: 3, type: resilient, group: [{ id: 1 }, { id: 2 }], adopt: true }]',
  ],
])('a rollback brings everything back of a change that %s', async (_, spec) => {
  await using test = testEngine(directory);
  const start = await shown();
  const report = await test.engine.apply({ documents: network(spec), prune: false }, WISH, ASKER);
  expect(report, report.error).toMatchObject({ status: 'unconfirmed' });
  expect(await shown()).not.toEqual(start);
  const back = await test.engine.rollback(undefined, WISH, ASKER);
  expect(back.status, back.error).not.toMatch('failed');
  expect(await shown()).toEqual(start);
});

it('what stands on a renumbered device is put back at once', async () => {
  await using test = testEngine(directory);
  ns.ip('address', 'flush', 'dev', 'v0');
  const at = (address: string) => network(`addresses: [{ dev: v0, address: ${address} }]`);
  const wish = { ...WISH, confirmSeconds: 0 };
  expect(await test.engine.apply({ documents: at('192.0.2.1/24'), prune: false }, wish, ASKER)).toMatchObject(
    {
      status: 'confirmed',
    },
  );
  ns.ip('address', 'add', '192.0.2.2/24', 'dev', 'v0');
  ns.ip('route', 'add', '10.20.0.0/16', 'via', '192.0.2.9');
  ns.ip('route', 'add', '10.21.0.0/16', 'dev', 'v1', 'src', '192.0.2.2');
  ns.ip('neighbour', 'replace', '192.0.2.50', 'lladdr', '02:00:00:00:00:50', 'dev', 'v0');
  const before = await shown();
  expect(await test.engine.apply({ documents: at('192.0.2.7/24'), prune: false }, wish, ASKER)).toMatchObject(
    {
      status: 'confirmed',
    },
  );
  const after = await shown();
  for (const dst of ['10.20.0.0/16', '10.21.0.0/16'])
    expect(after['routes']?.filter((one) => one.includes(dst))).toEqual(
      before['routes']?.filter((one) => one.includes(dst)),
    );
  expect(after['addresses']?.filter((one) => one.includes('192.0.2.2'))).toHaveLength(1);
  expect(after['neighbours']).toEqual(before['neighbours']);
});
