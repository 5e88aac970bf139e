// SPDX-License-Identifier: Apache-2.0
import { expect, onTestFinished, test } from 'vitest';
import type { NamespaceIo } from '../../src/kernel/ports.ts';
import type { Neighbour } from '../../src/model/neighbour.ts';
import type { Route } from '../../src/model/route.ts';
import {
  readAddresses,
  readClasses,
  readLinks,
  visitNeighbours,
  visitNexthops,
  visitQdiscs,
  visitRoutes,
  visitRules,
} from '../../src/observe/read.ts';
import { gathered } from '../../src/observe/visitor.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { type Clock, type Compared, compare, parseWithTunnels } from './show-oracle.ts';
import {
  commands,
  makeAddresses,
  makeLinks,
  makeNeighbours,
  makeNexthops,
  makeQdiscs,
  makeRoutes,
  makeRules,
} from './show-topology.ts';

type Row = Readonly<Record<string, unknown>>;

const rows = (text: string) => JSON.parse(text) as Row[];

async function namespace(...make: readonly ((ns: TestNetns) => void)[]): Promise<[TestNetns, NamespaceIo]> {
  const ns = await netns('wc');
  onTestFinished(() => ns[Symbol.asyncDispose]());
  for (const one of make) one(ns);
  return [ns, await ns.io()];
}

function report(what: string, { objects, fields }: Compared): void {
  console.log(`${what}: ${objects} objects, ${fields} fields equal to the oracle`);
}

const timer = (key: string): Clock => ({ key, tolerance: 10, why: 'a timer of the bridge that runs' });
const BRIDGE_TIMERS = [
  'hello_timer',
  'tcn_timer',
  'topology_change_timer',
  'gc_timer',
  'hold_timer',
  'message_age_timer',
  'forward_delay_timer',
].map(timer);
const counted = (key: string): Clock => ({ key, tolerance: 3, why: 'seconds, counted down by the kernel' });

test('links: every field of `ip -d -j link`', async () => {
  const [ns, io] = await namespace(makeLinks);
  const seen = await compare({
    theirs: () => rows(ns.ip('-d', '-j', 'link', 'show')),
    ours: () => readLinks(io),
    clocks: BRIDGE_TIMERS,
    beyond: BEYOND_LINKS,
  });
  report('links', seen);
  expect(seen.objects).toBeGreaterThanOrEqual(18);
});

test('links whose lower device is in another namespace: by its index', async () => {
  const [far] = await namespace();
  const [ns, io] = await namespace();
  commands(
    ns.ip,
    `link add v0 type veth peer name v1
     link add v2 type veth peer name v3
     link add mv0 link v2 type macvlan mode bridge
     link set v1 netns ${far.name}
     link set v2 netns ${far.name}`,
  );
  const seen = await compare({
    theirs: () => rows(ns.ip('-d', '-j', 'link', 'show')),
    ours: () => readLinks(io),
    beyond: BEYOND_LINKS,
  });
  report('links across namespaces', seen);
  const v0 = (await readLinks(io)).find(({ ifname }) => ifname === 'v0');
  expect(v0).toMatchObject({ link_index: expect.any(Number), link_netnsid: 0 });
});

/** Most are settings that newer versions of `ip` print under these names. */
const BEYOND_LINKS = {
  raw: 'the numbers behind the names, for metrics',
  gso_ipv4_max_size: 'newer than the oracle',
  gro_ipv4_max_size: 'newer than the oracle',
  fdb_n_learned: 'newer than the oracle',
  fdb_max_learned: 'newer than the oracle',
  mst_enabled: 'newer than the oracle',
  mdb_offload_fail_notification: 'newer than the oracle',
  mab: 'newer than the oracle',
  mcast_n_groups: 'newer than the oracle',
  mcast_max_groups: 'newer than the oracle',
  neigh_vlan_suppress: 'newer than the oracle',
  backup_nhid: 'newer than the oracle',
  bclim: 'newer than the oracle',
  localbypass: 'newer than the oracle',
  vnifilter: 'newer than the oracle',
};

test('addresses: every field of `ip -d -j address`', async () => {
  const [ns, io] = await namespace(makeLinks, makeAddresses);
  const flat = (links: readonly Row[]) =>
    links.flatMap(({ ifindex, ifname, addr_info }) =>
      (addr_info as Row[]).map((address) => ({ ifindex, ifname, ...address })),
    );
  const seen = await compare({
    theirs: () => flat(rows(ns.ip('-d', '-j', 'address', 'show'))),
    ours: () => readAddresses(io),
    clocks: ['valid_life_time', 'preferred_life_time'].map(counted),
    beyond: { protocol: 'newer than the oracle' },
  });
  report('addresses', seen);
  expect(seen.objects).toBeGreaterThanOrEqual(18);
});

test.each([
  ['inet', '-4', 30],
  ['inet6', '-6', 35],
] as const)('%s routes: every field of `ip -d -j route show table all`', async (family, flag, least) => {
  const [ns, io] = await namespace(makeLinks, makeAddresses, makeNexthops, makeRoutes);
  const seen = await compare({
    theirs: () => parseWithTunnels(ns.ip('-d', '-j', flag, 'route', 'show', 'table', 'all')),
    ours: () => gathered((to) => visitRoutes(io, to, { family })),
    clocks: [counted('expires')],
    beyond: { lock: 'the oracle leaves locks out of its JSON' },
  });
  report(`${family} routes`, seen);
  expect(seen.objects).toBeGreaterThanOrEqual(least);
});

test('one table: the same routes as `ip route show table`', async () => {
  const [ns, io] = await namespace(makeLinks, makeAddresses, makeNexthops, makeRoutes);
  const inTable = async (table: number) => {
    const found = await gathered<Route>((to) => visitRoutes(io, to, { family: 'inet', table }));
    return found.map(({ dst }) => dst);
  };
  const oracle = (table: number) =>
    rows(ns.ip('-j', '-4', 'route', 'show', 'table', String(table))).map(({ dst }) => dst);
  expect(await inTable(1000)).toEqual(oracle(1000));
  expect(await inTable(7)).toEqual(oracle(7));
  expect(await inTable(4242)).toEqual([]);
});

test.each([
  ['inet', '-4', 18],
  ['inet6', '-6', 5],
] as const)('%s rules: every field of `ip -d -j rule`', async (family, flag, least) => {
  const [ns, io] = await namespace(makeLinks, makeRules);
  const seen = await compare({
    theirs: () => rows(ns.ip('-d', '-j', flag, 'rule', 'show')),
    ours: () => gathered((to) => visitRules(io, to, { family })),
    beyond: { family: 'rules of both families are shown together' },
  });
  report(`${family} rules`, seen);
  expect(seen.objects).toBeGreaterThanOrEqual(least);
});

test('neighbours: every field of `ip -d -j neighbour`', async () => {
  const [ns, io] = await namespace(makeLinks, makeAddresses, makeNeighbours);
  const beyond = { ifindex: 'the device by number too' };
  const seen = await compare({
    theirs: () => rows(ns.ip('-d', '-j', 'neigh', 'show')),
    ours: () => gathered((to) => visitNeighbours(io, to)),
    beyond,
  });
  report('neighbours', seen);
  expect(seen.objects).toBeGreaterThanOrEqual(6);
  const proxies = await compare({
    theirs: () => rows(ns.ip('-d', '-j', 'neigh', 'show', 'proxy')),
    ours: () => gathered((to) => visitNeighbours(io, to, { proxy: true })),
    beyond,
  });
  report('proxies', proxies);
  expect(proxies.objects).toBe(2);
  const noarp = await compare({
    theirs: () => rows(ns.ip('-d', '-j', 'neigh', 'show', 'nud', 'noarp')),
    ours: async () =>
      (await gathered<Neighbour>((to) => visitNeighbours(io, to, { noarp: true }))).filter(
        // the oracle shows what was learnt elsewhere whatever state is asked for
        ({ state, extern_learn }) => state?.includes('NOARP') || extern_learn === null,
      ),
    beyond,
  });
  report('neighbours without resolution', noarp);
});

test('nexthops: every field of `ip -d -j nexthop`', async () => {
  const [ns, io] = await namespace(makeLinks, makeAddresses, makeNexthops);
  const seen = await compare({
    theirs: () => parseWithTunnels(ns.ip('-d', '-j', 'nexthop', 'show')),
    ours: () => gathered((to) => visitNexthops(io, to)),
    beyond: {},
  });
  report('nexthops', seen);
  expect(seen.objects).toBe(13);
});

test('qdiscs: every field of `tc -s -j qdisc`', async () => {
  const [ns, io] = await namespace(makeLinks, makeQdiscs);
  const seen = await compare({
    theirs: () => rows(ns.tc('-s', '-j', 'qdisc', 'show')),
    ours: () => gathered((to) => visitQdiscs(io, to)),
    beyond: {
      ifindex: 'the device by number too',
      peakrate: 'the oracle leaves it out of its JSON',
      limit: 'the oracle shows the latency alone',
    },
  });
  report('qdiscs', seen);
  expect(seen.objects).toBeGreaterThanOrEqual(21);
});

test('classes: the numbers that `tc -s class` prints as text', async () => {
  const [ns, io] = await namespace(makeLinks, makeQdiscs);
  const { ifindex } = rows(ns.ip('-j', 'link', 'show', 'v0'))[0] as { ifindex: number };
  const text = ns.tc('-d', 'class', 'show', 'dev', 'v0');
  const classes = await readClasses(io, ifindex);
  const line = ({ class: kind, handle, root, parent, leaf, options }: (typeof classes)[number]) => {
    const place = root ? 'root' : `parent ${parent}`;
    const o = options as Record<string, number>;
    const below = leaf === undefined ? '' : ` leaf ${leaf}`;
    const send = o['level'] === 0 ? ` prio ${o['prio']} quantum ${o['quantum']}` : '';
    return `class ${kind} ${handle} ${place}${below}${send} rate ${mbit(o['rate'])}`;
  };
  const htb = classes.filter((one) => one.class === 'htb');
  expect(htb.length).toBe(3);
  for (const one of htb) expect(text).toContain(line(one));
  expect(text).toContain(`class tbf 10:1 parent 10:`);
  expect(classes.map(({ handle }) => handle)).toContain('10:1');
});

function mbit(bytesPerSecond = 0): string {
  const bits = bytesPerSecond * 8;
  return bits >= 1e9 ? `${bits / 1e9}Gbit` : `${bits / 1e6}Mbit`;
}
