// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { textOf } from '../base/bytes.ts';
import { LINK_TYPE, PcapngWriter } from './pcapng.ts';

interface Block {
  readonly type: number;
  readonly body: Uint8Array;
}

/** The blocks of a file; lengths must agree at both ends. */
function blocksOf(file: Uint8Array): readonly Block[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const blocks: Block[] = [];
  for (let at = 0; at < file.length; ) {
    const length = view.getUint32(at + 4, true);
    expect(length % 4).toBe(0);
    expect(view.getUint32(at + length - 4, true)).toBe(length);
    blocks.push({ type: view.getUint32(at, true), body: file.slice(at + 8, at + length - 4) });
    at += length;
  }
  return blocks;
}

/** Options from `at` on, by code; they must end with an end. */
function optionsOf(body: Uint8Array, at: number): ReadonlyMap<number, Uint8Array> {
  const view = new DataView(body.buffer, body.byteOffset);
  const options = new Map<number, Uint8Array>();
  for (let next = at; ; ) {
    const [code, length] = [view.getUint16(next, true), view.getUint16(next + 2, true)];
    if (code === 0) {
      expect(next + 4).toBe(body.length);
      return options;
    }
    options.set(code, body.slice(next + 4, next + 4 + length));
    next += 4 + ((length + 3) & ~3);
  }
}

test('a section, interfaces and packets', () => {
  const writer = new PcapngWriter({ application: 'weir 1', os: 'Linux', comment: 'héllo' });
  const eth0 = writer.addInterface({ name: 'eth0', linkType: LINK_TYPE.ethernet, snapLength: 128 });
  const tun0 = writer.addInterface({ name: 'tun0', description: 'a tunnel', linkType: 101, snapLength: 0 });
  expect([eth0, tun0]).toEqual([0, 1]);
  const data = Uint8Array.of(1, 2, 3, 4, 5);
  const time = 1_790_000_000_123_456_789n;
  writer.addPacket({ interface: tun0, time, length: 1500, data, comment: 'NO_SOCKET', direction: 'in' });
  const [section, first, second, packet] = blocksOf(writer.take()) as [Block, Block, Block, Block];

  expect(section.type).toBe(0x0a0d_0d0a);
  expect([...section.body.subarray(0, 8)]).toEqual([0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0]);
  const of = optionsOf(section.body, 16);
  expect([1, 3, 4].map((code) => textOf(of.get(code) as Uint8Array))).toEqual(['héllo', 'Linux', 'weir 1']);

  expect([first.type, second.type, packet.type]).toEqual([1, 1, 6]);
  expect([...first.body.subarray(0, 8)]).toEqual([1, 0, 0, 0, 128, 0, 0, 0]);
  expect([...(optionsOf(second.body, 8).get(9) as Uint8Array)]).toEqual([9]);
  expect(textOf(optionsOf(second.body, 8).get(3) as Uint8Array)).toBe('a tunnel');

  const view = new DataView(packet.body.buffer, packet.body.byteOffset);
  expect(view.getUint32(0, true)).toBe(tun0);
  expect((BigInt(view.getUint32(4, true)) << 32n) | BigInt(view.getUint32(8, true))).toBe(time);
  expect([view.getUint32(12, true), view.getUint32(16, true)]).toEqual([5, 1500]);
  expect(packet.body.subarray(20, 28)).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 0, 0, 0));
  const about = optionsOf(packet.body, 28);
  expect(textOf(about.get(1) as Uint8Array)).toBe('NO_SOCKET');
  expect([...(about.get(2) as Uint8Array)]).toEqual([1, 0, 0, 0]);
});

test('portions are one file', () => {
  const writer = new PcapngWriter();
  const one = writer.addInterface({ name: 'a', linkType: 1, snapLength: 0 });
  const parts = [writer.take()];
  for (let i = 0; i < 300; i++) {
    writer.addPacket({ interface: one, time: 1n, length: i, data: new Uint8Array(i) });
    if (i % 7 === 0) parts.push(writer.take());
  }
  parts.push(writer.take());
  expect(writer.length).toBe(0);
  const blocks = blocksOf(Uint8Array.from(parts.flatMap((part) => [...part])));
  expect(blocks).toHaveLength(302);
});

test('a packet is never shorter than what is kept of it', () => {
  const writer = new PcapngWriter();
  writer.take();
  writer.addPacket({ interface: 0, time: 0n, length: 2, data: new Uint8Array(8) });
  const [packet] = blocksOf(writer.take()) as [Block];
  expect(new DataView(packet.body.buffer).getUint32(16, true)).toBe(8);
});

test('a comment that is too long is cut', () => {
  const writer = new PcapngWriter({ comment: 'x'.repeat(70_000) });
  const [section] = blocksOf(writer.take()) as [Block];
  expect(optionsOf(section.body, 16).get(1)).toHaveLength(65_535);
});
