// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { Encoder, payloadOf } from './encoder.ts';
import { encodeRtmsg } from './generated/rt-route.ts';

const bytes = (write: (out: Encoder) => void) => [...payloadOf(write)];

describe('attributes', () => {
  test('carry length and type, and zeros up to the next word', () => {
    expect(bytes((out) => out.attrU8(7, 0xab))).toEqual([5, 0, 7, 0, 0xab, 0, 0, 0]);
    expect(bytes((out) => out.attrString(3, 'lo'))).toEqual([7, 0, 3, 0, 0x6c, 0x6f, 0, 0]);
    expect(bytes((out) => out.attrFlag(9))).toEqual([4, 0, 9, 0]);
  });

  test('pad with zeros in memory that held something else', () => {
    const out = new Encoder();
    out.raw(new Uint8Array(64).fill(0xff));
    out.reset();
    out.attrBytes(1, Uint8Array.of(1, 2, 3, 4, 5));
    expect([...out.payload()]).toEqual([9, 0, 1, 0, 1, 2, 3, 4, 5, 0, 0, 0]);
  });

  test('know both byte orders', () => {
    expect(bytes((out) => out.attrU16be(1, 0x1234))).toEqual([6, 0, 1, 0, 0x12, 0x34, 0, 0]);
    expect(bytes((out) => out.attrS32(1, -2))).toEqual([8, 0, 1, 0, 0xfe, 0xff, 0xff, 0xff]);
    expect(bytes((out) => out.attrU64be(1, 1n))).toEqual([12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  test('take 4 bytes for a uint that fits, else 8', () => {
    expect(bytes((out) => out.attrUint(1, 0xffff_ffffn))).toHaveLength(8);
    expect(bytes((out) => out.attrUint(1, 0x1_0000_0000n))).toHaveLength(12);
    expect(bytes((out) => out.attrSint(1, -1n))).toHaveLength(8);
    expect(bytes((out) => out.attrSint(1, 0x8000_0000n))).toHaveLength(12);
  });

  test.each<[string, (out: Encoder) => void]>([
    ['a byte', (out) => out.attrU8(1, 256)],
    ['16 bits', (out) => out.attrU16(1, 65_536)],
    ['a negative port', (out) => out.attrU16be(1, -1)],
    ['32 bits', (out) => out.attrU32(1, 2 ** 32)],
    ['no number', (out) => out.attrU32(1, Number.NaN)],
    ['a negative value', (out) => out.attrU32(1, -1)],
    ['signed bits', (out) => out.attrS16(1, 0x8000)],
    ['a member of a struct', (out) => encodeRtmsg(out, { rtmDstLen: 300 })],
    ['64 bits', (out) => out.attrU64(1, 2n ** 64n)],
    ['a payload', (out) => out.attrBytes(1, new Uint8Array(65_532))],
  ])('refuse %s that does not fit', (_, write) => {
    expect(() => payloadOf(write)).toThrow(expect.objectContaining({ code: 'ENCODE' }));
  });
});

test('a nest counts what is inside and says that it is one', () => {
  const nested = bytes((out) => {
    const nest = out.nestBegin(18);
    out.attrU32(1, 5);
    out.nestEnd(nest);
  });
  expect(nested).toEqual([12, 0, 18, 0x80, 8, 0, 1, 0, 5, 0, 0, 0]);
});

test('keeps everything when it grows in the middle of a message', () => {
  const out = new Encoder(16);
  const long = new Uint8Array(5_000).fill(3);
  const mark = out.messageBegin(16, 5);
  out.attrU8(1, 200);
  out.attrBytes(2, long);
  out.attrString(3, 'x');
  out.messageEnd(mark);
  const { bytes: all, length } = out.batch();
  expect(length).toBe(16 + 8 + 5_004 + 8);
  expect(all[20]).toBe(200);
  expect(all.subarray(28, 28 + 5_000)).toEqual(long);
  expect(new DataView(all.buffer).getUint32(0, true)).toBe(length);
});

test('a batch tells where each message starts, past the first hundred too', () => {
  const out = new Encoder();
  for (let i = 0; i < 150; i++) {
    const mark = out.messageBegin(24, 5);
    out.attrU8(1, i & 0xff);
    out.messageEnd(mark);
  }
  const { offsets, count, length } = out.batch();
  expect(count).toBe(150);
  expect(length).toBe(150 * 24);
  expect([...offsets.subarray(0, 150)]).toEqual(Array.from({ length: 150 }, (_, i) => i * 24));
  out.reset();
  expect(out.batch()).toMatchObject({ count: 0, length: 0 });
});
