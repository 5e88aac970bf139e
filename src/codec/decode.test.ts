// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { wireOf } from '../base/wire.ts';
import { payloadOf } from './encoder.ts';
import {
  decodeIfinfomsg,
  decodeLinkAttrs,
  IFINFOMSG_SIZE,
  RTNL_LINK_STATS64_OFFSET,
} from './generated/rt-link.ts';
import { decodeTcRatespec, decodeTcU32Sel, encodeTcU32Sel, TC_RATESPEC_SIZE } from './generated/tc.ts';

describe('structs', () => {
  test('are zero-filled when short', () => {
    const short = Uint8Array.of(2, 0, 1, 0, 7, 0);
    expect(decodeIfinfomsg(wireOf(short), 0, short.length)).toEqual({
      ifiFamily: 2,
      ifiType: 1,
      ifiIndex: 7,
      ifiFlags: 0,
      ifiChange: 0,
    });
    expect(IFINFOMSG_SIZE).toBe(16);
  });

  test('have the layout of the headers where the spec is wrong', () => {
    expect(TC_RATESPEC_SIZE).toBe(12);
    const rate = Uint8Array.of(0, 1, 0, 0, 0xff, 0xff, 0, 0, 0x68, 0x89, 0x09, 0);
    expect(decodeTcRatespec(wireOf(rate), 0, 12)).toMatchObject({ rate: 625_000, cellAlign: -1 });
  });

  test('keep a flexible array, its elements in network order', () => {
    const value = { nkeys: 2, keys: [1, 2].map((val) => ({ mask: 0xffff_0000, val, off: 16, offmask: -1 })) };
    const bytes = payloadOf((out) => encodeTcU32Sel(out, value));
    expect(bytes).toHaveLength(16 + 2 * 16);
    expect([...bytes.subarray(16, 24)]).toEqual([0xff, 0xff, 0, 0, 0, 0, 0, 1]);
    expect(decodeTcU32Sel(wireOf(bytes), 0, bytes.length)).toMatchObject(value);
  });

  test('tell where their members are', () => {
    expect(RTNL_LINK_STATS64_OFFSET.txDropped).toBe(56);
  });
});

describe('attributes', () => {
  test('copy what they keep: the receive buffer may change afterwards', () => {
    const bytes = payloadOf((out) => {
      out.attrBytes(1, Uint8Array.of(1, 2, 3, 4, 5, 6));
      out.attrBytes(999, Uint8Array.of(9));
    });
    const decoded = decodeLinkAttrs(wireOf(bytes), 0, bytes.length);
    bytes.fill(0xff);
    expect(decoded).toEqual({
      address: Uint8Array.of(1, 2, 3, 4, 5, 6),
      unknown: [{ type: 999, data: Uint8Array.of(9) }],
    });
  });

  test('may stand anywhere in a buffer, aligned or not', () => {
    const bytes = payloadOf((out) => out.attrU32(4, 1500));
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeLinkAttrs(wireOf(shifted), 3, shifted.length)).toEqual({ mtu: 1500 });
  });

  test('of the same type: the last one counts', () => {
    const bytes = payloadOf((out) => {
      out.attrU32(4, 1);
      out.attrU32(4, 2);
    });
    expect(decodeLinkAttrs(wireOf(bytes), 0, bytes.length)).toEqual({ mtu: 2 });
  });

  test('without a value that fits are refused, longer ones are not', () => {
    const short = payloadOf((out) => out.attrU16(4, 1));
    expect(() => decodeLinkAttrs(wireOf(short), 0, short.length)).toThrow(/mtu: 2 bytes where 4 are needed/);
    const long = payloadOf((out) => out.attrU64(4, 1500n));
    expect(decodeLinkAttrs(wireOf(long), 0, long.length)).toEqual({ mtu: 1500 });
  });
});
