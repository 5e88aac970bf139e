// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { ERRNO } from '../../src/base/errno.gen.ts';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import { openMap } from '../../src/kernel/bpf/maps.ts';
import { BPF, BpfAttr, bpf } from '../../src/kernel/bpf/syscall.ts';
import { checked } from '../../src/kernel/errno.ts';
import { bpfObject, PRELUDE } from './bpf-object.ts';

const LIVE_FRAMES = 1 << 1;
/** Of one call of the kernel, each of which waits some 25 ms for RCU. */
const PORTION = 1_000_000;

/** A generator of packets inside the kernel: what it sends arrives at a device as if it came from the wire. */
export interface FrameGenerator extends Disposable {
  /**
   * Let `frame` arrive `count` times at the device, within the call.
   * @param rate Packets a second, kept to by a busy processor; by default as fast as can be.
   */
  send(netns: number, ifindex: number, frame: Uint8Array, count: number, rate?: number): void;
}

const HEADERS = 64;
/** Of a nanosecond: what the pace is counted in. */
const PARTS = 1 << 10;

/**
 * The memory of a frame is used again after it was forwarded, with what was changed in it: so all is written anew. Frames are
 * delivered 64 at a time, so 64 are as far apart as they should be; what was late is caught up with.
 */
const SOURCE = `${PRELUDE}
struct shared { __u8 bytes[${HEADERS}]; __u64 sent; __u64 due; __u64 step; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct shared); } shared_map SEC(".maps");
static long is_due(__u32 index, __u64 *due) { return bpf_ktime_get_ns() >= *due; }
SEC("xdp") int pass(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  __u32 zero = 0;
  struct shared *shared = bpf_map_lookup_elem(&shared_map, &zero);
  if (!shared) return XDP_ABORTED;
  shared->sent++;
  if (shared->step) {
    if (!shared->due) shared->due = bpf_ktime_get_ns() * ${PARTS};
    shared->due += shared->step;
    __u64 due = shared->due / ${PARTS};
    bpf_loop(1 << 20, is_due, &due, 0);
  }
  if (data + ${HEADERS} <= (void *)(long)ctx->data_end) __builtin_memcpy(data, shared->bytes, ${HEADERS});
  return XDP_PASS;
}`;

/** Frames of at least 64 bytes through a program that passes them on (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18). */
export function frameGenerator(): FrameGenerator {
  const { programs, maps } = loadObject(bpfObject(SOURCE), { name: 'frames' });
  const shared = maps.get('shared_map') as number;
  const fd = programs.get('pass') as number;
  return {
    send(netns, ifindex, frame, count, rate) {
      const map = openMap(shared);
      const key = new Uint8Array(4);
      const value = new Uint8Array(HEADERS + 24);
      value.set(frame.subarray(0, HEADERS));
      const step = rate === undefined ? 0 : Math.round((1e9 * PARTS) / rate);
      new DataView(value.buffer).setBigUint64(HEADERS + 16, BigInt(step), true);
      map.update(key, value);
      // a signal ends a call early
      for (let left = count; left > 0; left = count - sent(map.lookup(key)))
        sendPortion(fd, netns, ifindex, frame, Math.min(left, PORTION));
    },
    [Symbol.dispose]() {
      closeSync(fd);
      closeSync(shared);
    },
  };
}

function sent(value: Uint8Array | undefined): number {
  return value === undefined
    ? 0
    : Number(Buffer.from(value.buffer, value.byteOffset).readBigUInt64LE(HEADERS));
}

function sendPortion(fd: number, netns: number, ifindex: number, frame: Uint8Array, count: number): void {
  // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
  const context = new Uint8Array(Uint32Array.of(0, frame.length, 0, ifindex, 0, 0).buffer);
  const attr = new BpfAttr(80)
    .u32(0, fd)
    .u32(8, frame.length)
    .pointer(16, frame)
    .u32(32, count)
    .u32(40, context.length)
    .pointer(48, context)
    .u32(64, LIVE_FRAMES);
  const result = bpf(BPF.PROG_TEST_RUN, attr, netns);
  if (result !== -ERRNO.EINTR) checked('send frames', result);
}

const bytesOfMac = (mac: string) => mac.split(':').map((byte) => Number.parseInt(byte, 16));

/** An Ethernet frame with an IPv4 UDP packet; addresses in dotted form. */
export function udpFrame(
  macs: { readonly from: string; readonly to: string },
  ips: { readonly from: string; readonly to: string },
  port: number,
  length = 64,
): Uint8Array {
  const frame = new Uint8Array(length);
  const view = new DataView(frame.buffer);
  frame.set([...bytesOfMac(macs.to), ...bytesOfMac(macs.from), 0x08, 0x00, 0x45, 0]);
  view.setUint16(16, length - 14);
  frame.set([64, 17], 22);
  frame.set(ips.from.split('.').map(Number), 26);
  frame.set(ips.to.split('.').map(Number), 30);
  view.setUint16(24, checksum(view, 14, 34));
  view.setUint16(34, 4000);
  view.setUint16(36, port);
  view.setUint16(38, length - 34);
  return frame;
}

function checksum(view: DataView, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
