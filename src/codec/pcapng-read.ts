// SPDX-License-Identifier: Apache-2.0
// Reads packets back out of blocks of pcapng as pcapng.ts and the addon write them: little-endian, times in nanoseconds.
import { textOf } from '../base/bytes.ts';
import { WeirError } from '../base/errors.ts';

const ENHANCED_PACKET = 6;
const SMALLEST_BLOCK = 12;
const PACKET_FIXED = 32;
const OPTION = { end: 0, comment: 1, flags: 2 } as const;
const DIRECTIONS = [undefined, 'in', 'out', undefined] as const;

/** A packet as it stands in a file; `data` is part of what was read. */
export interface ReadPacket {
  readonly interface: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** Bytes that it had. */
  readonly length: number;
  readonly data: Uint8Array;
  readonly direction?: 'in' | 'out';
  readonly comment?: string;
}

/** The packets in whole blocks; blocks of other kinds are left out. @throws {WeirError} `DECODE`. */
export function* packetsIn(bytes: Uint8Array): Generator<ReadPacket, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at;
    const length = left < SMALLEST_BLOCK ? 0 : view.getUint32(at + 4, true);
    if (length < SMALLEST_BLOCK || length % 4 !== 0 || length > left)
      throw new WeirError('DECODE', { path: 'pcapng', problem: 'the block is cut off', offset: at });
    if (view.getUint32(at, true) === ENHANCED_PACKET) yield packetAt(bytes, view, at, at + length - 4);
    at += length;
  }
}

function packetAt(bytes: Uint8Array, view: DataView, at: number, end: number): ReadPacket {
  const kept = end - at < PACKET_FIXED - 4 ? Infinity : view.getUint32(at + 20, true);
  const data = at + PACKET_FIXED - 4;
  if (data + kept > end)
    throw new WeirError('DECODE', { path: 'pcapng', problem: 'the packet is cut off', offset: at });
  const time = (BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 16, true));
  return {
    interface: view.getUint32(at + 8, true),
    time,
    length: view.getUint32(at + 24, true),
    data: bytes.subarray(data, data + kept),
    ...optionsIn(bytes, view, data + ((kept + 3) & ~3), end),
  };
}

function optionsIn(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): Pick<ReadPacket, 'direction' | 'comment'> {
  let found: Pick<ReadPacket, 'direction' | 'comment'> = {};
  for (let at = start; at + 4 <= end; ) {
    const [code, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (code === OPTION.end || at + 4 + length > end) break;
    if (code === OPTION.comment)
      found = { ...found, comment: textOf(bytes.subarray(at + 4, at + 4 + length)) };
    if (code === OPTION.flags && length === 4) {
      const direction = DIRECTIONS[view.getUint32(at + 4, true) & 3];
      if (direction !== undefined) found = { ...found, direction };
    }
    at += 4 + ((length + 3) & ~3);
  }
  return found;
}
