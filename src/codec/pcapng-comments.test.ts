// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { packetsOf } from './capture-file.ts';
import { PcapngWriter } from './pcapng.ts';
import { withComments } from './pcapng-comments.ts';
import { packetsIn } from './pcapng-read.ts';

function file(): Uint8Array {
  const writer = new PcapngWriter({ comment: 'of the section' });
  const one = writer.addInterface({ name: 'eth0', linkType: 1, snapLength: 0 });
  const common = { interface: one, time: 1_700_000_000_123_456_789n, length: 90 };
  writer.addPacket({ ...common, data: Uint8Array.of(1, 2, 3), direction: 'in' });
  writer.addPacket({ ...common, data: Uint8Array.of(4, 5, 6, 7) });
  writer.addPacket({ ...common, data: Uint8Array.of(8), comment: 'dropped' });
  writer.addStatistics({
    interface: one,
    time: 2n,
    start: 1n,
    accepted: 3,
    dropped: 0,
    delivered: 3,
    comment: 'ended',
  });
  return writer.take();
}

/** Everything in it in the other byte order: lengths, numbers and options, which are all that stands here. */
function swapped(): Uint8Array {
  const bytes = new Uint8Array(28 + 20 + 36);
  const view = new DataView(bytes.buffer);
  const numbers = [0x0a0d0d0a, 28, 0x1a2b3c4d, 0x0001_0000, 0xffffffff, 0xffffffff, 28];
  numbers.push(1, 20, 0x0001_0000, 0, 20, 6, 36, 0, 0, 0, 2, 2, 0xaabb_0000, 36);
  numbers.forEach((number, i) => {
    view.setUint32(4 * i, number);
  });
  return bytes;
}

test('a comment more, and all else as it was', () => {
  const before = file();
  const after = withComments(before, ['allowed, ñ', undefined, 'denied']);
  const [first, second, third] = [...packetsIn(after)];
  const old = [...packetsIn(before)];
  expect(first).toEqual({ ...old[0], comment: 'allowed, ñ' });
  expect(second).toEqual(old[1]);
  // the one that was there is the last of the two, which is what our reader keeps
  expect(third).toEqual(old[2]);
  expect(Buffer.from(after).includes('denied')).toBe(true);
  expect(after.length).toBe(before.length + 16 + 12);
  expect(Buffer.from(withComments(before, [])).equals(before)).toBe(true);
});

test('of either byte order', () => {
  const after = withComments(swapped(), ['why']);
  expect(after.length).toBe(swapped().length + 4 + 4 + 4);
  expect([...packetsOf(after)].map(({ data }) => [...data])).toEqual([[0xaa, 0xbb]]);
  expect(new DataView(after.buffer).getUint32(after.length - 8)).toBe(0);
});

test('what is no pcapng is refused; of one that is cut off, whole blocks are kept', () => {
  const pcap = Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, ...new Uint8Array(20));
  expect(() => withComments(pcap, [])).toThrow('editcap -F pcapng');
  const whole = file();
  const cut = withComments(whole.subarray(0, whole.length - 1), [undefined, 'why']);
  expect([...packetsIn(cut)].map(({ comment }) => comment)).toEqual([undefined, 'why', 'dropped']);
  expect(Buffer.from(cut).includes('ended')).toBe(false);
  const broken = whole.slice();
  const packet = Buffer.from(broken).indexOf(Uint8Array.of(90, 0, 0, 0, 1, 2, 3));
  new DataView(broken.buffer).setUint32(packet - 4, 1000, true);
  expect(() => withComments(broken, ['why'])).toThrow('longer than its block');
});
