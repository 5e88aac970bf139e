// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { documentOf, planOf, stateOf } from '../../../test/helpers/plan-cases.ts';

type Mirred = Readonly<Record<string, string>>;

const filter = (dev: string, parent: string, mirred: Mirred) => ({
  dev,
  parent,
  priority: 1,
  kind: 'matchall',
  actions: [{ kind: 'mirred', mirred }],
});
const link = (name: string, veth?: object) =>
  ['link', { name, state: 'up', ...(veth && { kind: 'veth', veth }) }] as const;
const clsact = (dev: string) =>
  ['qdisc', { dev, parent: 'clsact', kind: 'clsact', handle: 'ffff:' }] as const;

const pair = [link('n0', { peer: 'n1', peer_of: 'n1' }), link('n1', { peer: 'n0', peer_of: 'n0' })];
const others = [
  link('a0', { peer: 'a1', peer_of: 'a1' }),
  link('a1', { peer: 'a0', peer_of: 'a0' }),
  link('eth0'),
];
const state = stateOf(...pair, ...others, ...['n0', 'n1', 'a0', 'a1', 'eth0'].map(clsact));

function told(...filters: readonly object[]): readonly string[] {
  const { diagnostics } = planOf([documentOf({ filters } as never)], state);
  return diagnostics.map(({ severity, code, message }) => `${severity} ${code}: ${message}`);
}

it('finds a redirect to the other end of the pair', () => {
  const message =
    'error REDIRECT_LOOP: filter dev n0 parent ingress priority 1: packets would circle for ever through n0, n1: ' +
    'take out one of the redirects';
  expect(told(filter('n0', 'ingress', { redirect: 'egress', dev: 'n1' }))).toEqual([message]);
  expect(told(filter('n0', 'ingress', { mirror: 'egress', dev: 'n1' }))).toEqual([message]);
});

it('finds a circle over several devices, and names every filter of it', () => {
  const [there, back] = [
    filter('n0', 'ingress', { redirect: 'egress', dev: 'a0' }),
    filter('a1', 'ingress', { redirect: 'egress', dev: 'n1' }),
  ];
  expect(told(there, back)).toEqual([
    expect.stringContaining(
      'filter dev n0 parent ingress priority 1: packets would circle for ever through n0, a0, a1, n1',
    ),
    expect.stringContaining('filter dev a1 parent ingress priority 1'),
  ]);
  expect(told(there)).toEqual([]);
  expect(told(back)).toEqual([]);
});

it('finds packets that come in again where they came in', () => {
  expect(told(filter('eth0', 'ingress', { redirect: 'ingress', dev: 'eth0' }))).toHaveLength(1);
});

it('lets two devices be joined to a cable', () => {
  const joined = [
    filter('n0', 'ingress', { redirect: 'egress', dev: 'a0' }),
    filter('a0', 'ingress', { redirect: 'egress', dev: 'n0' }),
    filter('eth0', 'egress', { redirect: 'ingress', dev: 'n1' }),
  ];
  expect(told(...joined)).toEqual([]);
});
