// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { PcapngWriter } from './pcapng.ts';
import { packetsIn } from './pcapng-read.ts';

function file(): Uint8Array {
  const writer = new PcapngWriter();
  writer.addInterface({ name: 'a', linkType: 1, snapLength: 0 });
  const common = { interface: 0, time: 1_790_000_000_123_456_789n };
  writer.addPacket({ ...common, length: 9, data: Uint8Array.of(1, 2, 3), comment: 'NO_SOCKET' });
  writer.addPacket({ ...common, length: 4, data: Uint8Array.of(4, 5, 6, 7), direction: 'out' });
  const start = 1n;
  writer.addStatistics({
    interface: 0,
    time: 2n,
    start,
    accepted: 5,
    dropped: 3,
    delivered: 2,
    comment: 'x',
  });
  return writer.take();
}

test('reads the packets that were written', () => {
  expect([...packetsIn(file())]).toEqual([
    {
      interface: 0,
      time: 1_790_000_000_123_456_789n,
      length: 9,
      data: Uint8Array.of(1, 2, 3),
      comment: 'NO_SOCKET',
    },
    {
      interface: 0,
      time: 1_790_000_000_123_456_789n,
      length: 4,
      data: Uint8Array.of(4, 5, 6, 7),
      direction: 'out',
    },
  ]);
});

test('nothing but an error of decoding comes out of bytes that are wrong', () => {
  const whole = file();
  for (let end = 0; end < whole.length; end++)
    try {
      [...packetsIn(whole.subarray(0, end))];
    } catch (error) {
      expect(error).toMatchObject({ code: 'DECODE' });
    }
  for (let at = 0; at < whole.length; at++)
    for (const value of [0, 1, 0x7f, 0xff])
      try {
        [...packetsIn(Uint8Array.from(whole, (byte, i) => (i === at ? value : byte)))];
      } catch (error) {
        expect(error).toMatchObject({ code: 'DECODE' });
      }
});
