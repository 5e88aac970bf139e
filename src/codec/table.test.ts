// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { wireOf } from '../base/wire.ts';
import { payloadOf } from './encoder.ts';
import { decodeLinkAttrs, encodeLinkAttrs, LINK_ATTRS, type LinkAttrs } from './generated/rt-link.ts';
import { decodeRouteAttrs, encodeRouteAttrs, ROUTE_ATTRS } from './generated/rt-route.ts';
import { decodeTcAttrs, encodeTcAttrs, TC_ATTRS } from './generated/tc.ts';
import { type PickField, pickOf } from './table.ts';

const LINK: LinkAttrs = {
  ifname: 'vx0',
  mtu: 1450,
  linkinfo: { kind: 'vxlan', data: { kind: 'vxlan', id: 42, port: 4789 } },
  propList: { altIfname: ['a', 'b'] },
  unknown: [{ type: 900, data: Uint8Array.of(1) }],
};

function picked(...fields: PickField<LinkAttrs>[]): LinkAttrs {
  const bytes = payloadOf((out) => encodeLinkAttrs(out, LINK));
  return decodeLinkAttrs(wireOf(bytes), 0, bytes.length, pickOf(LINK_ATTRS, fields));
}

describe('a projection', () => {
  test('keeps what it names and nothing else, unknown attributes included', () => {
    expect(picked('ifname')).toEqual({ ifname: 'vx0' });
  });

  test('reaches into nests and lists', () => {
    expect(picked({ linkinfo: ['kind'] })).toEqual({ linkinfo: { kind: 'vxlan' } });
    expect(picked({ propList: ['altIfname'] })).toEqual({ propList: { altIfname: ['a', 'b'] } });
  });

  test('brings the selector of a sub-message along', () => {
    expect(picked({ linkinfo: ['data'] })).toEqual({ linkinfo: LINK.linkinfo });
  });

  test('picks inside a sub-message, of every kind that has the name', () => {
    expect(picked({ linkinfo: [{ data: ['id'] }] })).toEqual({
      linkinfo: { kind: 'vxlan', data: { kind: 'vxlan', id: 42 } },
    });
    expect(picked({ linkinfo: [{ data: ['ageingTime'] }] })).toEqual({
      linkinfo: { kind: 'vxlan', data: { kind: 'vxlan' } },
    });
  });

  test('with nothing picked decodes to nothing', () => {
    expect(picked()).toEqual({});
  });

  test('refuses a name that does not exist and suggests one', () => {
    const misspelt = ['ifnam'] as unknown as PickField<LinkAttrs>[];
    expect(() => pickOf(LINK_ATTRS, misspelt)).toThrow(
      /link-attrs "ifnam": there is no such attribute.*"ifname"/,
    );
    const inside = [{ linkinfo: [{ data: ['nothing'] }] }] as unknown as PickField<LinkAttrs>[];
    expect(() => pickOf(LINK_ATTRS, inside)).toThrow(/"nothing": no kind/);
  });
});

test('a selector outside the nest is brought along: the kind of a qdisc for its statistics', () => {
  const bytes = payloadOf((out) =>
    encodeTcAttrs(out, {
      kind: 'red',
      stats2: { app: { kind: 'red', header: { early: 1, pdrop: 2, other: 3, marked: 4 } } },
    }),
  );
  const pick = pickOf(TC_ATTRS, [{ stats2: ['app'] }]);
  expect(decodeTcAttrs(wireOf(bytes), 0, bytes.length, pick)).toEqual({
    kind: 'red',
    stats2: { app: { kind: 'red', header: { early: 1, pdrop: 2, other: 3, marked: 4 } } },
  });
});

test('a selector may come behind what it selects, as in routes', () => {
  const encap = payloadOf((out) => {
    const nest = out.nestBegin(22);
    out.attrU64be(1, 7n);
    out.nestEnd(nest);
    out.attrU16(21, 2);
  });
  const value = { rtaEncap: { kind: 'ip', id: 7n }, rtaEncapType: 2 };
  expect(decodeRouteAttrs(wireOf(encap), 0, encap.length)).toEqual(value);
  expect(decodeRouteAttrs(wireOf(encap), 0, encap.length, pickOf(ROUTE_ATTRS, ['rtaEncap']))).toEqual(value);
});

test('a sub-message of a kind nobody knows stays bytes, both ways', () => {
  const value = { rtaEncapType: 999, rtaEncap: Uint8Array.of(1, 2, 3, 4) };
  const bytes = payloadOf((out) => encodeRouteAttrs(out, value));
  expect(decodeRouteAttrs(wireOf(bytes), 0, bytes.length)).toEqual(value);
});
