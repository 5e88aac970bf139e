// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePrefix, renderIp } from '../base/ip.ts';
import { readIpv6 } from './ipv6-text.ts';
import { parsePrefixes, prefixesOf } from './prefix-text.ts';
import { inPrefixes, v4Length, v4Network } from './prefixes.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const v4Text = fc.ipV4();
const v6Text = fc.ipV6();

describe('files of prefixes', () => {
  it('have a prefix in a line, comments and blanks', () => {
    const text = '# bad ones\n192.0.2.7/24\r\n\n  2001:db8::1 # one\n10.0.0.1\n2001:db8::/32';
    const { list, count, problems } = parsePrefixes(bytes(text), 10);
    expect(problems).toEqual([]);
    expect(count).toBe(4);
    expect(Array.from(list.v4, (one) => `${v4Network(one)}/${v4Length(one)}`)).toEqual([
      '167772161/32',
      '3221225984/24',
    ]);
    expect([...list.v6Lengths]).toEqual([32]);
  });

  it.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.1',
    '10.0.0.256',
    '10.0.0.1/',
    '10.0.0.1/-1',
    '10.0.0.1 10.0.0.2',
    '::1/129',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    'fd00::12345',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    'example.com',
    '10.0.0.1/8x',
  ])('with %s are refused, with the line', (text) => {
    const { problems } = parsePrefixes(bytes(`10.0.0.0/8\n${text}\n`), 10);
    expect(problems).toEqual([{ line: 2, problem: expect.stringContaining('is no prefix') }]);
  });

  it('have as many as they may, and a hundred mistakes are enough', () => {
    const many = '10.0.0.1\n'.repeat(4);
    expect(parsePrefixes(bytes(many), 3).problems[0]?.problem).toContain('more than 3 prefixes');
    expect(parsePrefixes(bytes('x\n'.repeat(1000)), 3).problems).toHaveLength(100);
  });

  it('are read as the parser of single prefixes reads them', () => {
    const length = fc.integer({ min: 0, max: 140 });
    fc.assert(
      fc.property(fc.oneof(v6Text, fc.stringMatching(/^[0-9a-f:]{2,20}$/)), length, (address, bits) => {
        const text = `${address}/${bits}`;
        const found = new Uint8Array(16);
        const got = readIpv6(bytes(text), 0, text.length, found);
        const wanted = safe(() => parsePrefix(text));
        if (got >= 0)
          expect([renderIp(found), got]).toEqual([
            renderIp(wanted?.address as Uint8Array),
            wanted?.prefixlen,
          ]);
        else expect(wanted === undefined || text.includes('.')).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('hold what one of their prefixes holds', () => {
    const prefix = fc.oneof(
      fc.tuple(v4Text, fc.integer({ min: 0, max: 32 })),
      fc.tuple(v6Text, fc.integer({ min: 0, max: 128 })),
    );
    fc.assert(
      fc.property(
        fc.array(prefix, { maxLength: 8 }),
        fc.oneof(v4Text, v6Text),
        fc.nat(7),
        (list, other, which) => {
          const texts = list.map(([one, bits]) => `${one}/${bits}`).filter((one) => !/ffff:/i.test(one));
          const address = parsePrefix(list[which]?.[0] ?? other).address;
          expect(inPrefixes(prefixesOf(texts), address)).toBe(texts.some((text) => holds(text, address)));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function holds(text: string, address: Uint8Array): boolean {
  const { address: network, prefixlen } = parsePrefix(text);
  const bits = (one: Uint8Array) => Array.from(one, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (
    network.length === address.length &&
    bits(network).slice(0, prefixlen) === bits(address).slice(0, prefixlen)
  );
}

function safe<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
