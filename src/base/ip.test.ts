// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIp, parseMac, parsePrefix, renderIp, renderMac } from './ip.ts';

test.each([
  ['0.0.0.0'],
  ['192.0.2.255'],
  ['::'],
  ['::1'],
  ['2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1'],
  ['1:0:0:2::3'],
  ['fe80::1:0:0:1'],
  ['::ffff:192.0.2.1'],
])('%s is its own canonical form', (text) => {
  expect(renderIp(parseIp(text))).toBe(text);
});

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.-4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8:9',
  'g::',
  '12345::',
  'fe80::1%eth0',
  '::1.2.3',
])('refuses %j', (text) => {
  expect(() => parseIp(text)).toThrow(/is neither IPv4 nor IPv6/);
});

test('parse undoes render, for every address', () => {
  const octets = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
  const zeroHeavy = fc.array(fc.constantFrom(0, 0, 0, 1, 0xab), { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(
      fc.oneof(
        octets(4),
        octets(16),
        zeroHeavy.map((bytes) => Uint8Array.from(bytes)),
      ),
      (bytes) => {
        const text = renderIp(Uint8Array.from(bytes));
        expect(isIP(text)).toBe(bytes.length === 4 ? 4 : 6);
        expect([...parseIp(text)]).toEqual([...bytes]);
      },
    ),
    { numRuns: 2000 },
  );
});

test('never throws anything but VALUE', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcf:./') }), (text) => {
      try {
        expect([4, 16]).toContain(parseIp(text).length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'VALUE' });
      }
    }),
    { numRuns: 2000 },
  );
});

test('prefixes', () => {
  expect(parsePrefix('10.0.0.0/8').prefixlen).toBe(8);
  expect(parsePrefix('10.0.0.1').prefixlen).toBe(32);
  expect(parsePrefix('::/0').prefixlen).toBe(0);
  for (const bad of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '/8'])
    expect(() => parsePrefix(bad)).toThrow();
});

test('MAC addresses', () => {
  expect(renderMac(parseMac('AA:bb:0c:00:00:01'))).toBe('aa:bb:0c:00:00:01');
  for (const bad of ['aa:bb:cc:dd:ee', 'aa-bb-cc-dd-ee-ff', 'aa:bb:cc:dd:ee:ff:00', 'ag:00:00:00:00:00'])
    expect(() => parseMac(bad)).toThrow(/aa:bb:cc:dd:ee:ff/);
});
