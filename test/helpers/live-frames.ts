// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { ERRNO } from '../../src/base/errno.gen.ts';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import { openMap } from '../../src/kernel/bpf/maps.ts';
import { BPF, BpfAttr, bpf } from '../../src/kernel/bpf/syscall.ts';
import { checked } from '../../src/kernel/errno.ts';
import { bpfObject, PRELUDE } from './bpf-object.ts';

const LIVE_FRAMES = 1 << 1;
const PORTION = 100_000;

/** A generator of packets inside the kernel: what it sends arrives at a device as if it came from the wire. */
export interface FrameGenerator extends Disposable {
  /**
   * Let `frame` arrive `count` times at the device, within the call. A signal that the process gets meanwhile cuts it
   * short by some thousands: what arrived is what the device counted.
   */
  send(netns: number, ifindex: number, frame: Uint8Array, count: number): void;
}

const HEADERS = 64;

/** The memory of a frame is used again after it was forwarded, with what was changed in it: so all is written anew. */
const SOURCE = `${PRELUDE}
struct headers { __u8 bytes[${HEADERS}]; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct headers); } frame SEC(".maps");
SEC("xdp") int pass(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  __u32 zero = 0;
  struct headers *headers = bpf_map_lookup_elem(&frame, &zero);
  if (headers && data + sizeof(*headers) <= (void *)(long)ctx->data_end)
    __builtin_memcpy(data, headers, sizeof(*headers));
  return XDP_PASS;
}`;

/** Frames of at least 64 bytes through a program that passes them on (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18). */
export function frameGenerator(): FrameGenerator {
  const { programs, maps } = loadObject(bpfObject(SOURCE), { name: 'frames' });
  const headers = maps.get('frame') as number;
  const fd = programs.get('pass') as number;
  return {
    send(netns, ifindex, frame, count) {
      openMap(headers).update(new Uint8Array(4), frame.slice(0, HEADERS));
      for (let left = count; left > 0; left -= PORTION)
        sendPortion(fd, netns, ifindex, frame, Math.min(left, PORTION));
    },
    [Symbol.dispose]() {
      closeSync(fd);
      closeSync(headers);
    },
  };
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
