// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { packetsOf } from './capture-file.ts';
import { PcapngWriter } from './pcapng.ts';

const PACKETS = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6, 7, 8), Uint8Array.of(9)];

/** As tcpdump writes it (pcap-savefile(5)). */
function pcap(little: boolean): Uint8Array {
  const bytes = new Uint8Array(24 + PACKETS.reduce((sum, { length }) => sum + 16 + length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2_c3d4, little);
  view.setUint32(16, 65_535, little);
  view.setUint32(20, 1, little);
  let at = 24;
  for (const data of PACKETS) {
    view.setUint32(at + 8, data.length, little);
    view.setUint32(at + 12, 1500, little);
    bytes.set(data, at + 16);
    at += 16 + data.length;
  }
  return bytes;
}

function pcapng(): Uint8Array {
  const writer = new PcapngWriter();
  const at = writer.addInterface({ name: 'eth0', linkType: 1, snapLength: 0 });
  for (const data of PACKETS) writer.addPacket({ interface: at, time: 0n, length: 1500, data });
  return writer.take().slice();
}

function read(bytes: Uint8Array): { readonly packets: number; readonly cutOff: number } {
  const found = packetsOf(bytes);
  let packets = 0;
  for (let next = found.next(); ; next = found.next()) {
    if (next.done) return { packets, cutOff: next.value };
    expect(next.value).toEqual({ linkType: 1, data: PACKETS[packets], length: 1500 });
    packets++;
  }
}

describe.each([
  ['pcap', pcap(true), 24, PACKETS.map(({ length }) => 16 + length)],
  ['pcap, most significant byte first', pcap(false), 24, PACKETS.map(({ length }) => 16 + length)],
  ['pcapng', pcapng(), pcapng().length - 124, [40, 44, 40]],
] as const)('%s', (_, bytes, header, sizes) => {
  test('is read', () => {
    expect(read(bytes)).toEqual({ packets: 3, cutOff: 0 });
  });

  test('that ends anywhere behind its header has its whole packets, and says how much is left', () => {
    for (let length = header; length < bytes.length; length++) {
      let [packets, end] = [0, header];
      for (; end + (sizes[packets] ?? Infinity) <= length; packets++) end += sizes[packets] as number;
      expect(read(bytes.slice(0, length)), `${length} bytes`).toEqual({ packets, cutOff: length - end });
    }
  });

  test('with a length that cannot be is none', () => {
    const broken = bytes.slice();
    broken.fill(0xff, header + 4, header + 12);
    expect(() => read(broken)).toThrow('capture');
  });
});

test('what is no capture is refused', () => {
  for (const bytes of [new Uint8Array(), new Uint8Array(100), pcap(true).slice(0, 23)])
    expect(() => read(bytes)).toThrow();
});
