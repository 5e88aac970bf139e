// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { withEncap } from './encap.ts';
import { renderMplsLabels } from './mpls.ts';
import { renderSegments } from './seg6.ts';

const names = (ifindex: number) => `d${ifindex}`;

test('an object without a tunnel stays as it is', () => {
  const route = { dst: 'default' };
  expect(withEncap(route, undefined, undefined, names)).toBe(route);
});

test("a tunnel's field gives way to the object's of the same name", () => {
  const encap = { kind: 'ip', id: 7n, dst: Uint8Array.of(203, 0, 113, 1), ttl: 0 } as const;
  expect(withEncap({ dst: '10.0.0.0/8' }, 2, encap, names)).toEqual({
    dst: '10.0.0.0/8',
    encap: 'ip',
    id: 7,
    encap_dst: '203.0.113.1',
    ttl: 0,
  });
  expect(withEncap({ id: 1 }, 2, encap, names)).toMatchObject({ id: 1, encap_id: 7, dst: '203.0.113.1' });
});

test('a tunnel that the codec does not know keeps its type', () => {
  expect(withEncap({}, 8, Uint8Array.of(1, 2), names)).toEqual({ encap: 'rpl' });
  expect(withEncap({}, 99, undefined, names)).toEqual({ encap: 'unknown' });
});

test('MPLS labels down to the bottom of the stack', () => {
  const stack = Uint8Array.of(0x00, 0x06, 0x40, 0x00, 0x00, 0x0c, 0x81, 0xff, 1, 2, 3, 4);
  expect(renderMplsLabels(stack)).toBe('100/200');
});

test('segments in the order of travel; a header that is cut short loses the missing ones', () => {
  const srh = new Uint8Array(8 + 32);
  srh[1] = 4;
  srh[4] = 1;
  srh[8 + 15] = 0xb;
  srh[24 + 15] = 0xa;
  expect(renderSegments(srh)).toEqual({ segs: ['::a', '::b'] });
  expect(renderSegments(srh.subarray(0, 24))).toEqual({ segs: ['::b'] });
});
