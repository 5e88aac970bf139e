// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf } from '../base/bytes.ts';
import { WordScanner } from './word-scanner.ts';

const scanner = (text: string) => new WordScanner(bytesOf(text), 'test');

test('reads what split() reads', () => {
  const unit = fc.constantFrom('a', '7', ' ', '\t', '\n', 'xyz');
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const found: (readonly string[])[] = [];
      for (const at = scanner(text); at.nextLine(); ) found.push(at.rest());
      const lines = text.split('\n').filter((line) => line !== '');
      expect(found).toEqual(lines.map((line) => line.split(/[ \t]+/).filter((word) => word !== '')));
    }),
  );
});

test('numbers in decimal, hexadecimal, pairs and behind a key', () => {
  const at = scanner('12 -3 ff 0A:00000010 total=99 total=');
  at.nextLine();
  expect([at.number(), at.number(), at.hex(), at.hexPair()]).toEqual([12, -3, 255, [10, 16]]);
  at.nextWord();
  expect(at.numberAfter('total=')).toBe(99);
  expect(at.numberAfter('avg=')).toBeUndefined();
  at.nextWord();
  expect(at.numberAfter('total=')).toBeUndefined();
  expect(at.nextWord()).toBe(false);
});

test.each(['', '1x', '-', '1.5', '+1'])('refuses %j as a number', (text) => {
  const at = scanner(`${text}\n`);
  at.nextLine();
  expect(() => at.number()).toThrow(expect.objectContaining({ code: 'DECODE' }));
});

test.each(['12', ':', '1:g'])('refuses %j as a pair', (text) => {
  const at = scanner(text);
  at.nextLine();
  expect(() => at.hexPair()).toThrow(expect.objectContaining({ code: 'DECODE' }));
});

test('no bytes make it throw anything but the decode error', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const at = new WordScanner(bytes, 'fuzz');
      try {
        while (at.nextLine()) for (let i = 0; i < 4; i++) at.number();
      } catch (error) {
        expect(error).toMatchObject({ code: 'DECODE' });
      }
    }),
  );
});
