// SPDX-License-Identifier: Apache-2.0
import { bytesOf } from '../base/bytes.ts';
import { WeirError } from '../base/errors.ts';

const SECTION = 0x0a0d_0d0a;
const BYTE_ORDER = 0x1a2b_3c4d;
const BLOCK = { simplePacket: 3, enhancedPacket: 6 } as const;
const COMMENT = 1;
const SMALLEST_BLOCK = 12;
const LONGEST = 0xffff;

/** So that a block stays a multiple of four bytes. */
const padded = (length: number) => (length + 3) & ~3;

/**
 * The same capture file with one comment more at packets, whatever else it has. Simple packet blocks have no place for one,
 * and what is no whole block at its end is left out.
 * @param comments Of each packet, as `packetsOf` counts them; undefined for none.
 * @throws {WeirError} `VALUE` for pcap, which knows no comments; `DECODE` for a packet that is longer than its block.
 */
export function withComments(bytes: Uint8Array, comments: readonly (string | undefined)[]): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < SMALLEST_BLOCK || view.getUint32(0) !== SECTION)
    throw new WeirError('VALUE', {
      what: 'the capture',
      problem: 'is not pcapng, and nothing else has comments: convert it with `editcap -F pcapng`',
    });
  const texts = comments.map((comment) => (comment === undefined ? undefined : bytesOf(comment)));
  const more = texts.reduce((sum, text) => sum + (text === undefined ? 0 : 8 + padded(text.length)), 0);
  const out = new Uint8Array(bytes.length + more);
  let [used, packets, little] = [0, 0, true];
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at;
    if (left >= SMALLEST_BLOCK && view.getUint32(at) === SECTION)
      little = view.getUint32(at + 8, true) === BYTE_ORDER;
    const length = left < SMALLEST_BLOCK ? 0 : view.getUint32(at + 4, little);
    if (length < SMALLEST_BLOCK || length % 4 !== 0 || length > left) break;
    const block = bytes.subarray(at, at + length);
    const type = view.getUint32(at, little);
    const isPacket = type === BLOCK.enhancedPacket || type === BLOCK.simplePacket;
    const text = isPacket ? texts[packets++] : undefined;
    used +=
      type === BLOCK.enhancedPacket && text !== undefined
        ? addCommented(out, used, block, text, little)
        : addWhole(out, used, block);
    at += length;
  }
  return out.subarray(0, used);
}

function addWhole(out: Uint8Array, start: number, block: Uint8Array): number {
  out.set(block, start);
  return block.length;
}

/** The comment comes before the options that are there, and brings the end of options where there are none. */
function addCommented(
  out: Uint8Array,
  start: number,
  block: Uint8Array,
  text: Uint8Array,
  little: boolean,
): number {
  const old = new DataView(block.buffer, block.byteOffset, block.length);
  const options = 28 + padded(old.getUint32(20, little));
  if (options > block.length - 4)
    throw new WeirError('DECODE', {
      path: 'capture',
      problem: 'the packet is longer than its block',
      offset: 0,
    });
  const kept = text.subarray(0, LONGEST);
  const rest = block.subarray(options, block.length - 4);
  out.set(block.subarray(0, options), start);
  const view = new DataView(out.buffer, out.byteOffset + start);
  view.setUint16(options, COMMENT, little);
  view.setUint16(options + 2, kept.length, little);
  out.set(kept, start + options + 4);
  const behind = options + 4 + padded(kept.length);
  out.set(rest, start + behind);
  const length = behind + (rest.length === 0 ? 4 : rest.length) + 4;
  view.setUint32(4, length, little);
  view.setUint32(length - 4, length, little);
  return length;
}
