// SPDX-License-Identifier: Apache-2.0
// Reads capture files as others write them: pcap (microseconds or nanoseconds) and pcapng, in either byte order.
import { WeirError } from '../base/errors.ts';

/** A packet of a file; `data` is part of what was read. */
export interface CapturedPacket {
  /** LINKTYPE_*: what the bytes begin with. */
  readonly linkType: number;
  readonly data: Uint8Array;
  /** Bytes that it had. */
  readonly length: number;
}

const PCAP_MAGIC: readonly number[] = [0xa1b2_c3d4, 0xa1b2_3c4d];
const SECTION = 0x0a0d_0d0a;
const BYTE_ORDER = 0x1a2b_3c4d;
const BLOCK = { interface: 1, simplePacket: 3, enhancedPacket: 6 } as const;
const PCAP_HEADER = 24;
const PCAP_RECORD = 16;
const SMALLEST_BLOCK = 12;
/** More than any packet has (MAXIMUM_SNAPLEN of libpcap), and any block. */
const [MOST_KEPT, MOST_BLOCK] = [1 << 18, 1 << 24];

/**
 * The packets of a capture file, in order. A file that somebody still writes, or could not write to its end, may end
 * within a packet.
 * @returns bytes at the end that are no whole packet. @throws {WeirError} `DECODE` for what is no capture.
 */
export function* packetsOf(bytes: Uint8Array): Generator<CapturedPacket, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4) throw broken('the file is neither pcap nor pcapng', 0);
  if (view.getUint32(0) === SECTION) return yield* pcapng(bytes, view);
  for (const little of [true, false])
    if (PCAP_MAGIC.includes(view.getUint32(0, little))) return yield* pcap(bytes, view, little);
  throw broken('the file is neither pcap nor pcapng', 0);
}

function* pcap(bytes: Uint8Array, view: DataView, little: boolean): Generator<CapturedPacket, number> {
  if (bytes.length < PCAP_HEADER) throw broken('the header is cut off', 0);
  const most = Math.max(view.getUint32(16, little), MOST_KEPT);
  const linkType = view.getUint32(20, little) & 0xffff;
  let at = PCAP_HEADER;
  while (at + PCAP_RECORD <= bytes.length) {
    const kept = view.getUint32(at + 8, little);
    const length = view.getUint32(at + 12, little);
    const start = at + PCAP_RECORD;
    if (kept > most) throw broken(`a packet of ${kept} bytes is too long`, at);
    if (start + kept > bytes.length) break;
    yield { linkType, data: bytes.subarray(start, start + kept), length };
    at = start + kept;
  }
  return bytes.length - at;
}

function* pcapng(bytes: Uint8Array, view: DataView): Generator<CapturedPacket, number> {
  let little = true;
  let linkTypes: number[] = [];
  let at = 0;
  while (at + SMALLEST_BLOCK <= bytes.length) {
    const isSection = view.getUint32(at) === SECTION;
    if (isSection) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER;
      linkTypes = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < SMALLEST_BLOCK || length % 4 !== 0 || length > MOST_BLOCK)
      throw broken(`a block cannot have ${length} bytes`, at);
    if (at + length > bytes.length) break;
    const end = at + length - 4;
    if (type === BLOCK.interface && !isSection && length >= 20)
      linkTypes.push(view.getUint16(at + 8, little));
    if (type === BLOCK.enhancedPacket) yield enhanced(bytes, view, little, at, end, linkTypes);
    if (type === BLOCK.simplePacket && length >= 16) {
      const size = view.getUint32(at + 8, little);
      const data = bytes.subarray(at + 12, Math.min(at + 12 + size, end));
      yield { linkType: linkTypes[0] ?? -1, data, length: size };
    }
    at += length;
  }
  return bytes.length - at;
}

function enhanced(
  bytes: Uint8Array,
  view: DataView,
  little: boolean,
  at: number,
  end: number,
  linkTypes: readonly number[],
): CapturedPacket {
  const start = at + 28;
  const kept = start > end ? Infinity : view.getUint32(at + 20, little);
  if (start + kept > end) throw broken('the packet is longer than its block', at);
  const linkType = linkTypes[view.getUint32(at + 8, little)] ?? -1;
  return { linkType, data: bytes.subarray(start, start + kept), length: view.getUint32(at + 24, little) };
}

function broken(problem: string, offset: number): WeirError {
  return new WeirError('DECODE', { path: 'capture', problem, offset });
}
