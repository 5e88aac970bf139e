// SPDX-License-Identifier: Apache-2.0
// Items of layer 3 that are made, read, changed and removed on the kernel that runs.
import type { ClassName } from '../../src/model/object.ts';

/** Items, and what they are changed to. Each is created, read, exported, changed, read and removed. */
export type Case = readonly [name: ClassName, title: string, item: object, changed: object | undefined];
export const CASES: readonly (readonly [ClassName, string, object, (object | undefined)?])[] = [
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
  ['rule', 'of no mark', { priority: 110, fwmark: 0, table: 9 }, undefined],
  ['rule', 'of a tunnel', { priority: 109, tun_id: 9, table: 9 }, undefined],
];
