// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type Wire, wireOf } from '../base/wire.ts';
import { payloadOf } from './encoder.ts';
import { decodeLinkAttrs, encodeLinkAttrs, LINK_ATTRS } from './generated/rt-link.ts';
import { decodeRouteAttrs, encodeRouteAttrs, ROUTE_ATTRS } from './generated/rt-route.ts';
import { encodeTcAttrs, TC_ATTRS } from './generated/tc.ts';
import { attrPathAt } from './path.ts';
import type { AttrTable } from './table.ts';

/** Every path that the bytes of a message lead to, in order. */
function paths(table: AttrTable, bytes: Uint8Array): (string | undefined)[] {
  const seen = new Set(Array.from(bytes, (_, i) => attrPathAt(table, wireOf(bytes), 0, bytes.length, i)));
  return [...seen].filter((path) => path !== undefined);
}

describe('the path of a byte', () => {
  test('goes through nests and sub-messages', () => {
    const bytes = payloadOf((out) =>
      encodeLinkAttrs(out, { ifname: 'x', linkinfo: { kind: 'vxlan', data: { kind: 'vxlan', id: 1 } } }),
    );
    expect(paths(LINK_ATTRS, bytes)).toEqual([
      'ifname',
      'linkinfo',
      'linkinfo.kind',
      'linkinfo.data',
      'linkinfo.data.id',
    ]);
  });

  test('counts the elements of lists and records', () => {
    const header = { rtnhLen: 0, rtnhFlags: 0, rtnhHops: 0, rtnhIfindex: 3 };
    const hops = [{ header }, { header, rtaGateway: Uint8Array.of(10, 0, 0, 1) }];
    const route = payloadOf((out) => encodeRouteAttrs(out, { rtaMultipath: hops }));
    expect(paths(ROUTE_ATTRS, route)).toEqual([
      'rtaMultipath',
      'rtaMultipath[0]',
      'rtaMultipath[1]',
      'rtaMultipath[1].rtaGateway',
    ]);
    const filter = payloadOf((out) =>
      encodeTcAttrs(out, { kind: 'bpf', options: { kind: 'bpf', act: [{ kind: 'gact' }, { index: 5 }] } }),
    );
    expect(paths(TC_ATTRS, filter)).toContain('options.act[1].index');
  });

  test('names an attribute that no table knows by its number', () => {
    const bytes = payloadOf((out) => out.attrU32(999, 1));
    expect(paths(LINK_ATTRS, bytes)).toEqual(['#999']);
  });

  test('is undefined outside of attributes', () => {
    expect(attrPathAt(LINK_ATTRS, wireOf(new Uint8Array(8)), 0, 0, 3)).toBeUndefined();
  });
});

describe('a decode error', () => {
  const failing = (decode: (w: Wire, start: number, end: number) => unknown, bytes: Uint8Array) => () =>
    decode(wireOf(bytes), 0, bytes.length);

  test('names the attribute, the problem and the byte', () => {
    const bytes = payloadOf((out) => {
      const info = out.nestBegin(18);
      out.attrString(1, 'vxlan');
      const data = out.nestBegin(2);
      out.attrU16(1, 5);
      out.nestEnd(data);
      out.nestEnd(info);
    });
    expect(failing(decodeLinkAttrs, bytes)).toThrow(
      expect.objectContaining({
        code: 'DECODE',
        message: 'linkinfo.data.id: 2 bytes where 4 are needed (at byte 24)',
        details: { path: 'linkinfo.data.id', problem: '2 bytes where 4 are needed', offset: 24 },
      }),
    );
  });

  test('names the set when no attribute is at fault', () => {
    expect(failing(decodeRouteAttrs, Uint8Array.of(2, 0, 1, 0))).toThrow(
      /rtaDst: attribute length 2 is below 4/,
    );
    expect(failing(decodeRouteAttrs, Uint8Array.of(40, 0, 1, 0))).toThrow(
      /rtaDst: attribute of 40 bytes in 4/,
    );
  });
});
