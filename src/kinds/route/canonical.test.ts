// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { declareRoute } from './declare.ts';
import { routeSpec } from './observed.ts';
import type { RouteSpec } from './schema.ts';

function declared(item: RouteSpec) {
  const problems: string[] = [];
  const [object] = declareRoute(item, (path, problem) => problems.push(`${path}: ${problem}`));
  return { spec: object?.spec, problems };
}

describe('the canonical form of a route is the one that the kernel keeps', () => {
  const dst = '10.0.0.0/8';
  it.each<[string, Partial<RouteSpec>, object]>([
    [
      'a single way is the own one',
      { nexthops: [{ gateway: '192.0.2.1', weight: 3 }] },
      { gateway: '192.0.2.1' },
    ],
    ['a single way has its scope', { nexthops: [{ dev: 'd0' }], scope: 'link' }, { dev: 'd0' }],
    [
      'zeros are no metrics',
      { dev: 'd0', metrics: { quickack: 0, mtu: 1400 } },
      { dev: 'd0', metrics: { mtu: 1400 } },
    ],
    ['no metrics', { dev: 'd0', metrics: { quickack: 0 } }, { dev: 'd0' }],
    [
      'locks are a set',
      { dev: 'd0', metrics: { mtu: 1400, lock: ['window', 'mtu'] } },
      { dev: 'd0', metrics: { mtu: 1400, lock: ['mtu', 'window'] } },
    ],
  ])('%s', (_, item, spec) => {
    expect(declared({ dst, ...item })).toEqual({ spec: { dst, protocol: 'weir', ...spec }, problems: [] });
  });

  it('tells of ways that the kernel refuses or keeps otherwise', () => {
    const hop = { gateway: '2001:db8::1', dev: 'd0' };
    expect(declared({ dst: '2001:db8:1::/48', nexthops: [hop, { ...hop }] }).problems).toEqual([
      'nexthops.1: is a way that stands above: give that one a weight',
    ]);
    expect(declared({ dst, via: { family: 'inet', host: '192.0.2.1' } }).problems).toEqual([
      'via: is of the family of the destination: write it as gateway',
    ]);
  });

  it('leaves the type of a route by a nexthop that drops packets to the nexthop', () => {
    const header = { rtmFamily: 2, rtmDstLen: 8, rtmSrcLen: 0, rtmTos: 0, rtmTable: 254, rtmProtocol: 87 };
    const rest = { rtmScope: 0, rtmType: 6, rtmFlags: 0 };
    const attrs = { rtaDst: Uint8Array.of(10, 0, 0, 0), rtaNhId: 5 };
    expect(routeSpec({ ...header, ...rest }, attrs, String)).toEqual(declared({ dst, nhid: 5 }).spec);
  });
});
