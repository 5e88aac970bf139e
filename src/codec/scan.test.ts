// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { wireOf } from '../base/wire.ts';
import { payloadOf } from './encoder.ts';
import { RTA_DST, RTA_GATEWAY, RTA_OIF, RTA_TABLE } from './generated/rt-route.ts';
import { counterAt, ipv4At, lengthAt, scanAttrs, u32At } from './scan.ts';

const offsets = () => new Int32Array(RTA_TABLE + 1).fill(77);

test('notes where payloads start and forgets what was there before', () => {
  const bytes = payloadOf((out) => {
    out.reserve(12);
    out.attrBytes(RTA_DST, Uint8Array.of(10, 1, 2, 3));
    out.attrU32(RTA_OIF, 5);
    out.attrU32(500, 1);
  });
  const w = wireOf(bytes);
  const found = offsets();
  scanAttrs(w, 12, bytes.length, found);
  expect(u32At(w, found[RTA_OIF])).toBe(5);
  expect(ipv4At(w, found[RTA_DST])).toBe(0x0a010203);
  expect(lengthAt(w, found[RTA_DST])).toBe(4);
  expect(found[RTA_GATEWAY]).toBe(0);
  expect(u32At(w, found[RTA_TABLE], 254)).toBe(254);
  expect(ipv4At(w, found[RTA_GATEWAY])).toBe(-1);
});

test('never reads a value that is too short, nor takes IPv6 for IPv4', () => {
  const bytes = payloadOf((out) => {
    out.reserve(4);
    out.attrU16(RTA_OIF, 5);
    out.attrBytes(RTA_DST, new Uint8Array(16));
  });
  const found = offsets();
  scanAttrs(wireOf(bytes), 4, bytes.length, found);
  expect(u32At(wireOf(bytes), found[RTA_OIF])).toBe(0);
  expect(ipv4At(wireOf(bytes), found[RTA_DST])).toBe(-1);
});

test.each([
  [[3, 0, 1, 0], /attribute length 3 is below 4/],
  [[9, 0, 1, 0, 0, 0, 0, 0], /attribute of 9 bytes in 8/],
])('refuses a length that cannot be: %j', (bytes, message) => {
  const refused = () => scanAttrs(wireOf(Uint8Array.from(bytes)), 0, bytes.length, offsets());
  expect(refused).toThrow(message);
  expect(refused).toThrow(expect.objectContaining({ code: 'DECODE' }));
});

test('reads counters as numbers, exact up to 2^53', () => {
  const bytes = payloadOf((out) => {
    out.u64(2n ** 53n - 1n);
    out.u64(5n);
  });
  expect(counterAt(wireOf(bytes), 0)).toBe(Number.MAX_SAFE_INTEGER);
  expect(counterAt(wireOf(bytes), 8)).toBe(5);
});
