// SPDX-License-Identifier: Apache-2.0
// What every source of packets must do, on the real kernel.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packetsIn, type ReadPacket } from '../../src/codec/pcapng-read.ts';
import { filterCompiler } from '../../src/kernel/capture/filter.ts';
import { largestBlock, linkTypeOf } from '../../src/kernel/capture/link-type.ts';
import { pcapSource } from '../../src/kernel/capture/pcap-source.ts';
import { ringSource } from '../../src/kernel/capture/ring-source.ts';
import { native } from '../../src/kernel/native.ts';
import type { CaptureHandle, CaptureOptions, CaptureSource, NamespaceIo } from '../../src/kernel/ports.ts';
import { type FrameGenerator, frameGenerator, udpFrame } from '../helpers/live-frames.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { sendUdp } from '../helpers/packets.ts';

const MAC = { from: '02:00:00:00:00:02', to: '02:00:00:00:00:01' };
const IPS = { from: '10.9.0.2', to: '10.9.0.1' };
const ETHERNET = 1;

let ns: TestNetns;
let io: NamespaceIo;
let frames: FrameGenerator;

beforeAll(async () => {
  ns = await netns('wc-source');
  ns.ip(
    'link',
    'add',
    'cap0',
    'address',
    MAC.to,
    'type',
    'veth',
    'peer',
    'name',
    'cap1',
    'address',
    MAC.from,
  );
  for (const name of ['cap0', 'cap1']) {
    ns.exec('sysctl', '-qw', `net.ipv6.conf.${name}.disable_ipv6=1`);
    ns.ip('link', 'set', name, 'arp', 'off', 'up');
  }
  // not the address that frames are sent to: nothing answers them
  ns.ip('address', 'add', '10.8.0.1/24', 'dev', 'cap0');
  io = await ns.io();
  frames = frameGenerator();
});
afterAll(async () => {
  frames?.[Symbol.dispose]();
  await ns?.[Symbol.asyncDispose]();
});

/** The package pcap works where its thread is, so the thread goes there for as long as it takes to open a socket. */
const pcapThere: CaptureSource = {
  ...pcapSource,
  open(there, ...rest) {
    const home = openSync('/proc/thread-self/ns/net', 'r');
    native().netnsEnter(there.fd);
    try {
      return pcapSource.open(there, ...rest);
    } finally {
      native().netnsEnter(home);
      closeSync(home);
    }
  },
};

const ifindexOf = (name: string) => JSON.parse(ns.ip('-j', 'link', 'show', name))[0].ifindex as number;

type Wishes = Partial<CaptureOptions> & { readonly device?: string };

async function open(source: CaptureSource, wishes: Wishes = {}) {
  const { device = 'cap0', filter = '', snapLength = 65_535, ...rest } = wishes;
  const options: CaptureOptions = {
    filter,
    snapLength,
    program: await filterCompiler.compile(ETHERNET, snapLength, filter),
    direction: 'both',
    sampling: 1,
    promiscuous: false,
    bufferBytes: 4 << 20,
    interface: 3,
    ...rest,
  };
  let woken = 0;
  const about = { name: device, ifindex: ifindexOf(device), type: ETHERNET };
  const handle = source.open(io, about, options, () => void woken++);
  return { handle, woken: () => woken, [Symbol.dispose]: () => handle.close() };
}

/** Read until `count` packets came, or nothing more does. */
async function read(handle: CaptureHandle, count: number, most = 1e6): Promise<readonly ReadPacket[]> {
  const packets: ReadPacket[] = [];
  const into = new Uint8Array(1 << 20);
  for (let idle = 0; packets.length < count && idle < 100; ) {
    const got = handle.read(into, most, into.length);
    expect(got.packets).toBeLessThanOrEqual(most);
    const there = [...packetsIn(into.slice(0, got.bytes))];
    expect(there).toHaveLength(got.packets);
    expect(there.reduce((sum, { length }) => sum + length, 0)).toBe(got.octets);
    packets.push(...there);
    if (got.packets > 0) idle = 0;
    else {
      idle++;
      await delay(20);
    }
  }
  return packets;
}

/** Nothing more comes. */
async function rest(handle: CaptureHandle): Promise<number> {
  await delay(300);
  return (await read(handle, 0)).length + handle.read(new Uint8Array(1 << 20), 1e6, 1 << 20).packets;
}

function scratchFile() {
  const folder = mkdtempSync(join(tmpdir(), 'wc-write-'));
  const path = join(folder, 'file');
  const fd = openSync(path, 'w+');
  return {
    fd,
    bytes: () => readFileSync(path),
    [Symbol.dispose]() {
      closeSync(fd);
      rmSync(folder, { recursive: true });
    },
  };
}

const frame = (port: number, length = 64) => udpFrame(MAC, IPS, port, length);

const send = (bytes: Uint8Array, count = 1) => frames.send(io.fd, ifindexOf('cap0'), bytes, count);

/** With a tag of 802.1Q behind the addresses. */
function tagged(bytes: Uint8Array, id: number): Uint8Array {
  const out = new Uint8Array(bytes.length + 4);
  out.set(bytes.subarray(0, 12));
  out.set([0x81, 0, id >> 8, id & 255], 12);
  out.set(bytes.subarray(12), 16);
  return out;
}

describe.each([ringSource, pcapThere])('$name', (source) => {
  test('gives every packet as it was, in order, with its time', async () => {
    using capture = await open(source);
    const before = BigInt(Date.now()) * 1_000_000n;
    const sent = [frame(1001), frame(1002, 65), frame(1003, 900), frame(1004, 1514), frame(1005, 67)];
    for (const one of sent) send(one);
    const got = await read(capture.handle, sent.length);
    expect(got.map(({ data }) => Buffer.from(data).toString('hex'))).toEqual(
      sent.map((one) => Buffer.from(one).toString('hex')),
    );
    expect(got.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
    expect(new Set(got.map((packet) => packet.interface))).toEqual(new Set([3]));
    const times = got.map(({ time }) => time);
    expect([...times].sort((a, b) => Number(a - b))).toEqual(times);
    const after = BigInt(Date.now() + 5000) * 1_000_000n;
    expect(times.every((time) => time > before - 5_000_000_000n && time < after)).toBe(true);
    expect(capture.woken()).toBeGreaterThan(0);
    expect(capture.handle.counts()).toEqual({ accepted: sent.length, dropped: 0 });
    expect(await rest(capture.handle)).toBe(0);
  });

  test('keeps the first bytes of a packet, and its length', async () => {
    using capture = await open(source, { snapLength: 60 });
    send(frame(1001, 1400));
    const [packet] = await read(capture.handle, 1);
    expect(packet?.length).toBe(1400);
    expect(packet?.data).toEqual(frame(1001, 1400).slice(0, 60));
  });

  test('filters', async () => {
    using capture = await open(source, { filter: 'udp dst port 1002 or ether proto 0x88b5' });
    for (const port of [1001, 1002, 1003]) send(frame(port), 3);
    expect(await read(capture.handle, 3)).toHaveLength(3);
    expect(await rest(capture.handle)).toBe(0);
    expect(capture.handle.counts().accepted).toBe(3);
  });

  test('puts the tag of a VLAN back, and filters by it', async () => {
    using all = await open(source);
    using some = await open(source, { filter: 'vlan 7 and udp port 1002' });
    const sent = [tagged(frame(1001), 7), tagged(frame(1002), 7), tagged(frame(1002), 8)];
    for (const one of sent) send(one);
    const hex = (packets: readonly ReadPacket[]) =>
      packets.map(({ data }) => Buffer.from(data).toString('hex'));
    const wanted = sent.map((one) => Buffer.from(one).toString('hex'));
    expect(hex(await read(all.handle, 3))).toEqual(wanted);
    expect(hex(await read(some.handle, 1))).toEqual([wanted[1]]);
    expect(await rest(some.handle)).toBe(0);
  });

  test('takes some of many', async () => {
    using capture = await open(source, { sampling: 10 });
    send(frame(1001), 20_000);
    const got = await read(capture.handle, 20_000);
    expect(got.length).toBeGreaterThan(1_500);
    expect(got.length).toBeLessThan(2_500);
  });

  test('gives no more than was asked for, and the rest later', async () => {
    using capture = await open(source);
    send(frame(1001, 500), 100);
    await delay(300);
    const into = new Uint8Array(1 << 20);
    const room = largestBlock(65_535);
    const sizes: number[] = [];
    for (let i = 0, sum = 0; i < 100 && sum < 40; i++) {
      const got = capture.handle.read(into, 7, room);
      sizes.push(got.packets);
      sum += got.packets;
      await delay(5);
    }
    expect(Math.max(...sizes)).toBe(7);
    // a block of 548 bytes fits 119 times
    expect(capture.handle.read(into, 1e6, 600).packets).toBe(1);
    const taken = sizes.reduce((a, b) => a + b, 1);
    expect(await read(capture.handle, 100 - taken)).toHaveLength(100 - taken);
  });

  test('writes the same to a file, no more than may be, and the rest later', async () => {
    using capture = await open(source);
    using file = scratchFile();
    const sent = Array.from({ length: 30 }, (_, i) => frame(3000 + i, 300 + i));
    for (const one of sent) send(one);
    await delay(300);
    let [at, packets, octets] = [8, 0, 0];
    const write = async (most: number, room: number) => {
      const got = await capture.handle.write({ fd: file.fd, at, room, waitMs: 0 }, most);
      expect(got.lost).toBe(0);
      at += got.bytes;
      packets += got.packets;
      octets += got.octets;
      return got;
    };
    expect(await write(7, 1e6)).toMatchObject({ packets: 7, more: true });
    // a block of 307 bytes and more has at least 340
    const few = await write(1e6, 1_100);
    expect(few).toMatchObject({ packets: 3, more: true });
    expect(few.bytes).toBeLessThanOrEqual(1_100);
    for (let left = 500; left > 0 && packets < 30; left--) {
      await write(1e6, 1e6);
      await delay(20);
    }
    expect(await write(1e6, 1e6)).toMatchObject({ packets: 0, more: false });
    const bytes = file.bytes();
    expect(bytes).toHaveLength(at);
    expect([...packetsIn(bytes.subarray(8))].map(({ data }) => Buffer.from(data).toString('hex'))).toEqual(
      sent.map((one) => Buffer.from(one).toString('hex')),
    );
    expect(octets).toBe(sent.reduce((sum, { length }) => sum + length, 0));
  });

  test('a file that takes no more ends with a whole packet, and the rest counts as lost', async () => {
    using capture = await open(source);
    using file = scratchFile();
    send(frame(1001, 1400), 500);
    await delay(300);
    const { handle } = capture;
    const write = (fd: number, at: number, most: number) =>
      handle.write({ fd, at, room: 1e9, waitMs: 0 }, most);
    const first = await write(file.fd, 0, 10);
    const full = openSync('/dev/full', 'r+');
    const failed = await write(full, 0, 1e6);
    closeSync(full);
    expect(failed).toMatchObject({ bytes: 0, packets: 0, problem: expect.stringMatching(/ENOSPC/) });
    expect(failed.lost).toBeGreaterThan(0);
    let [at, packets] = [first.bytes, 10 + failed.lost];
    for (let left = 100; left > 0 && packets < 500; left--) {
      const got = await write(file.fd, at, 1e6);
      at += got.bytes;
      packets += got.packets;
      await delay(20);
    }
    expect(packets).toBe(500);
    expect([...packetsIn(file.bytes())]).toHaveLength(500 - failed.lost);
  });

  test('one that is closed while it writes comes back', async () => {
    const capture = await open(source);
    using file = scratchFile();
    send(frame(1001), 3);
    await delay(300);
    const writing = capture.handle.write({ fd: file.fd, at: 0, room: 1e6, waitMs: 500 }, 1e6);
    capture.handle.close();
    expect(await writing).toMatchObject({ packets: 3, lost: 0 });
    expect([...packetsIn(file.bytes())]).toHaveLength(3);
  });

  test('counts what it had no room for', async () => {
    using capture = await open(source, { bufferBytes: 2 << 20 });
    const before = capture.handle.counts();
    expect(before).toEqual({ accepted: 0, dropped: 0 });
    // far more than the buffer holds, while nobody reads: the event loop stands still in send()
    send(frame(1001, 1400), 60_000);
    const got = await read(capture.handle, 60_000);
    const { accepted, dropped } = capture.handle.counts();
    expect(dropped).toBeGreaterThan(0);
    expect(accepted).toBe(60_000);
    expect(got.length + dropped).toBe(60_000);
  });
});

test('the ring writes what comes while it waits', async () => {
  using capture = await open(ringSource);
  using file = scratchFile();
  send(frame(1001), 5);
  await delay(300);
  const writing = capture.handle.write({ fd: file.fd, at: 0, room: 1e6, waitMs: 1_000 }, 1e6);
  await delay(50);
  send(frame(1002), 5);
  expect((await writing).packets).toBe(10);
  expect([...packetsIn(file.bytes())]).toHaveLength(10);
});

test('the ring tells what is received from what is sent', async () => {
  using into = await open(ringSource, { direction: 'in' });
  using out = await open(ringSource, { direction: 'out', filter: 'udp' });
  using both = await open(ringSource, { direction: 'both', filter: 'udp' });
  send(frame(1001), 2);
  sendUdp(ns, { to: '10.8.0.9', count: 3 });
  expect((await read(into.handle, 2)).map(({ direction }) => direction)).toEqual(['in', 'in']);
  expect((await read(out.handle, 3)).map(({ direction }) => direction)).toEqual(['out', 'out', 'out']);
  expect(await read(both.handle, 5)).toHaveLength(5);
  expect((await rest(into.handle)) + (await rest(out.handle))).toBe(0);
});

test('a device that is gone is a problem; one that was down goes on', async () => {
  ns.ip('link', 'add', 'gone0', 'type', 'veth', 'peer', 'name', 'gone1');
  ns.ip('link', 'set', 'gone0', 'up');
  ns.ip('link', 'set', 'gone1', 'up');
  using capture = await open(ringSource, { device: 'gone0', filter: 'udp' });
  const index = ifindexOf('gone0');
  ns.ip('link', 'set', 'gone0', 'down');
  await delay(100);
  expect(capture.handle.problem()).toBeUndefined();
  ns.ip('link', 'set', 'gone0', 'up');
  await delay(100);
  frames.send(io.fd, index, frame(1001), 5);
  expect(await read(capture.handle, 5)).toHaveLength(5);
  ns.ip('link', 'del', 'gone0');
  await expect.poll(() => capture.handle.problem(), { timeout: 5000 }).toBe('the device is gone');
});

test('one device is handed over from pcap to the ring without a loss and without a copy', async () => {
  using first = await open(pcapThere);
  // a block of the ring is used up every 50 ms while nobody reads
  using second = await open(ringSource, { bufferBytes: 32 << 20 });
  let sent = 0;
  const timer = setInterval(() => {
    const bytes = frame(2000);
    new DataView(bytes.buffer).setUint32(44, sent++);
    send(bytes);
  }, 1);
  await delay(100);
  await first.handle.handOver?.(second.handle);
  await delay(100);
  clearInterval(timer);
  await delay(200);
  const got = [...(await read(first.handle, 1e6)), ...(await read(second.handle, 1e6))];
  const numbers = got.map(({ data }) => new DataView(data.buffer, data.byteOffset).getUint32(44));
  expect(numbers).toEqual(Array.from({ length: sent }, (_, i) => i));
});

test.each([
  ['tcp prot 80', 'column 5, "prot"'],
  ['udp port', 'column 9, "end of the filter"'],
  ['port 80 and and tcp', 'column 13, "and"'],
  ['host no.such.host.invalid', 'column 6, "no.such.host.invalid"'],
  ['(tcp port 80', '"end of the filter"'],
  ['tcp port 80)', 'column 12, ")"'],
])('the mistake in "%s" is shown', async (filter, place) => {
  await expect(filterCompiler.compile(ETHERNET, 100, filter)).rejects.toMatchObject({
    code: 'CAPTURE_FILTER',
    message: expect.stringContaining(place),
  });
});

test('the link type follows from the kind of device', () => {
  expect([1, 772, 65_534, 778].map(linkTypeOf)).toEqual([1, 1, 101, 101]);
});

test('pcap refuses what it cannot do', () => {
  const device = { name: 'x', ifindex: 1, type: 1 };
  const own = { netns: { name: '', inode: 1 } } as NamespaceIo;
  const both = { direction: 'both' } as const;
  expect(pcapSource.refuses(own, device, both)).toBeUndefined();
  expect(pcapSource.refuses(io, device, both)).toMatch(/namespace/);
  expect(pcapSource.refuses(own, { ...device, type: 65_534 }, both)).toMatch(/Ethernet/);
  expect(pcapSource.refuses(own, device, { direction: 'out' })).toMatch(/direction/);
});
