// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, test } from 'vitest';
import type { Address } from '../../model/address.ts';
import type { Link } from '../../model/link.ts';
import type { Neighbour } from '../../model/neighbour.ts';
import { changeChecks, clockCheck, mayPassOn, offloadChecks, programChecks } from './agent-health.ts';
import { byWeight, failure, ok, warning } from './check.ts';
import { type NetworkState, networkChecks } from './network.ts';

const NOW = Date.UTC(2026, 5, 1);

const link = (ifname: string, more: object = {}) =>
  ({ ifname, ifindex: 1, flags: ['UP'], mtu: 1500, ...more }) as unknown as Link;
const address = (local: string, ifname: string, more: object = {}) =>
  ({ local, ifname, ifindex: 1, family: 'inet', prefixlen: 24, scope: 'global', ...more }) as Address;

function found(state: Partial<NetworkState>): readonly string[] {
  const none = { links: [], addresses: [], neighbours: [], routes: { gateways: new Map(), dead: new Map() } };
  return networkChecks({ netns: '', ...none, ...state })
    .filter(({ result }) => result !== 'ok')
    .map(({ result, name, found: text }) => `${result} ${name}: ${text}`);
}

describe('the network', () => {
  it('is found well', () => {
    const checks = networkChecks({
      netns: 'blue',
      links: [link('eth0')],
      addresses: [address('192.0.2.1', 'eth0')],
      neighbours: [],
      routes: { gateways: new Map(), dead: new Map() },
    });
    expect(checks.map(({ result }) => result)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(checks[0]?.name).toBe('addresses in blue');
  });

  it('has addresses twice', () => {
    const addresses = [
      address('192.0.2.1', 'eth0'),
      address('192.0.2.1', 'eth1'),
      address('fe80::1', 'eth0', { scope: 'link' }),
      address('fe80::1', 'eth1', { scope: 'link' }),
      address('2001:db8::1', 'eth1', { dadfailed: true }),
    ];
    expect(found({ addresses })).toEqual([
      'failure addresses: 2001:db8::1 of eth1 is in use by somebody else on the link (duplicate address detection)',
      'warning addresses: 192.0.2.1 is on eth0 and eth1',
    ]);
  });

  it('has gateways that do not answer, and devices without carrier', () => {
    const gateways = new Map([
      ['a', { gateway: '192.0.2.254', dev: 'eth0', routes: 3 }],
      ['b', { gateway: '192.0.2.253', dev: 'eth0', routes: 1 }],
    ]);
    const neighbour = (dst: string, state: string) =>
      ({ dst, dev: 'eth0', ifindex: 1, state: [state] }) as Neighbour;
    const neighbours = [neighbour('192.0.2.254', 'FAILED'), neighbour('192.0.2.253', 'STALE')];
    expect(found({ neighbours, routes: { gateways, dead: new Map([['eth1', 2]]) } })).toEqual([
      'failure gateways: 192.0.2.254 on eth0 does not answer (FAILED), and 3 routes go by it',
      'warning routes: 2 routes lead out of eth1, which has no carrier',
    ]);
  });

  it('has MTUs that do not fit', () => {
    const links = [
      link('eth0'),
      link('vx0', { linkinfo: { info_kind: 'vxlan', info_data: { link: 'eth0' } } }),
      link('eth0.5', { link: 'eth0', linkinfo: { info_kind: 'vlan' } }),
      link('br0', { linkinfo: { info_kind: 'bridge' } }),
      link('p0', { master: 'br0' }),
      link('p1', { master: 'br0', mtu: 9000 }),
    ];
    expect(found({ links })).toEqual([
      'warning mtu: vx0 (vxlan) has MTU 1500, but only 1450 fit into eth0: larger packets are split or lost',
      'warning mtu: p0 has MTU 1500, and another port of br0 has 9000: the bridge drops larger frames to it without a word',
    ]);
  });
});

test('a clock that is wrong', () => {
  const agent = { started: NOW - 1000 } as never;
  const result = (theirs: number, started = NOW - 1000) =>
    clockCheck({ agent: { ...(agent as object), started } as never }, theirs, NOW, NOW + 100).result;
  expect(result(NOW + 50)).toBe('ok');
  expect(result(0)).toBe('failure');
  expect(result(NOW + 50, NOW + 60_000)).toBe('warning');
  expect(result(NOW + 10_000)).toBe('warning');
});

test('changes, programs and offloads', () => {
  const status = { revision: 3, state: 'idle', owned: 1, drift: [] } as const;
  expect(changeChecks({ ...status, drift: [] })[0]).toMatchObject({ result: 'ok' });
  expect(changeChecks({ ...status, drift: [], problem: 'it burns' })[0]).toMatchObject({
    result: 'failure',
    found: 'it burns',
  });
  const drift = [{ id: 'link br0' }] as never[];
  expect(changeChecks({ ...status, drift })[0]).toMatchObject({
    name: 'drift',
    found: expect.stringContaining('link br0'),
  });
  const programs = (state: string) => programChecks({ items: [{ name: 'guard', state }] } as never)[0];
  expect(programs('whole')).toMatchObject({ result: 'ok' });
  expect(programs('damaged')).toMatchObject({ result: 'failure', found: 'the program guard is damaged' });
  const ports = [
    link('lo'),
    link('eth0', { master: 'br0' }),
    link('v0', { linkinfo: { info_kind: 'veth' } }),
    link('eth1'),
  ];
  expect(mayPassOn(ports)).toEqual(['eth0', 'eth1']);
  const [eth0, eth1, forward] = [
    { class: 'device', key: 'eth0' },
    { class: 'device', key: 'eth1' },
    { class: 'sysctl', key: 'net.ipv4.ip_forward' },
  ] as never[];
  const joining = (...actions: never[]) =>
    offloadChecks({ actions }, ports).flatMap(({ result, found }) =>
      result === 'ok' ? [] : [found.split(' ')[0]],
    );
  expect(joining(eth0 as never, eth1 as never)).toEqual(['eth0', 'eth1']);
  expect(joining(eth0 as never, eth1 as never, forward as never)).toEqual(['eth0']);
  expect(joining()).toEqual([]);
});

test('the worst comes first', () => {
  const checks = [ok('a', ''), warning('b', ''), failure('c', ''), warning('d', '')];
  expect(byWeight(checks).map(({ name }) => name)).toEqual(['c', 'b', 'd', 'a']);
});
