// SPDX-License-Identifier: Apache-2.0

import { bytesOf } from '../base/bytes.ts';
import { WeirError } from '../base/errors.ts';
import { type Bitfield32, NLA_F_NESTED, type UnknownAttr } from './decode.ts';
import { fits, fits64, MAX_S64, MAX_U64, MIN_S64 } from './fits.ts';

/**
 * Framed messages: assignable to the transport's MessageBatch. The memory is the encoder's, valid until it
 * changes.
 */
export interface EncodedBatch {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly count: number;
  readonly offsets: Uint32Array;
}

const NLMSG_HDRLEN = 16;

/**
 * A growing buffer for netlink messages. `reset()` and reuse it: then encoding allocates nothing.
 *
 * Positions are aligned to 4 bytes from the start of the buffer, as the kernel expects. Values that do not
 * fit their
 * field throw WeirError `ENCODE`.
 */
export class Encoder {
  /** The memory behind it; replaced when it grows. */
  bytes: Uint8Array;
  /** Over the same memory. */
  view: DataView;
  /** Bytes in use. */
  length = 0;
  #count = 0;
  #offsets: Uint32Array = new Uint32Array(64);

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Forget everything written; the memory stays. */
  reset(): void {
    this.length = 0;
    this.#count = 0;
  }

  /** Make room for `size` zeroed bytes and return where they start. */
  reserve(size: number): number {
    const at = this.length;
    const end = at + size;
    if (end > this.bytes.length) this.#grow(end);
    this.bytes.fill(0, at, end);
    this.length = end;
    return at;
  }

  #grow(need: number): void {
    const bigger = new Uint8Array(Math.max(need, this.bytes.length * 2));
    bigger.set(this.bytes.subarray(0, this.length));
    this.bytes = bigger;
    this.view = new DataView(bigger.buffer);
  }

  /** Append one byte. */
  u8(value: number): void {
    const at = this.reserve(1);
    this.view.setUint8(at, fits(value, 0, 0xff, 'integer'));
  }

  /** Append 16 bits, host order. */
  u16(value: number): void {
    const at = this.reserve(2);
    this.view.setUint16(at, fits(value, 0, 0xffff, 'integer'), true);
  }

  /** Append 32 bits, host order. */
  u32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, fits(value, 0, 0xffff_ffff, 'integer'), true);
  }

  /** Append 64 bits, host order. */
  u64(value: bigint): void {
    const at = this.reserve(8);
    this.view.setBigUint64(at, fits64(value, 0n, MAX_U64, 'integer'), true);
  }

  /** Append signed 16 bits, host order. */
  s16(value: number): void {
    const at = this.reserve(2);
    this.view.setInt16(at, fits(value, -0x8000, 0x7fff, 'integer'), true);
  }

  /** Append signed 32 bits, host order. */
  s32(value: number): void {
    const at = this.reserve(4);
    this.view.setInt32(at, fits(value, -0x8000_0000, 0x7fff_ffff, 'integer'), true);
  }

  /** Append bytes as they are, without padding. */
  raw(bytes: Uint8Array): void {
    const at = this.length;
    if (at + bytes.length > this.bytes.length) this.#grow(at + bytes.length);
    this.bytes.set(bytes, at);
    this.length = at + bytes.length;
  }

  /** Zero bytes up to a multiple of 4. */
  align(): void {
    const pad = -this.length & 3;
    if (pad !== 0) this.reserve(pad);
  }

  /** Write an attribute's header, make room for its payload with padding, return where the payload starts. */
  attr(type: number, size: number): number {
    const at = this.length;
    const end = at + ((size + 7) & ~3);
    if (end > this.bytes.length) this.#grow(end);
    if (size > 0xfffb) throw tooLong(type, size);
    // Only the last word can hold padding that nobody writes.
    this.view.setUint32(end - 4, 0, true);
    this.view.setUint32(at, (size + 4) | (type << 16), true);
    this.length = end;
    return at + 4;
  }

  /** Unsigned byte. */
  attrU8(type: number, value: number): void {
    fits(value, 0, 0xff, type);
    const at = this.attr(type, 1);
    this.view.setUint8(at, value);
  }

  /** Signed byte. */
  attrS8(type: number, value: number): void {
    fits(value, -0x80, 0x7f, type);
    const at = this.attr(type, 1);
    this.view.setInt8(at, value);
  }

  /** Unsigned 16 bits, host order. */
  attrU16(type: number, value: number): void {
    fits(value, 0, 0xffff, type);
    const at = this.attr(type, 2);
    this.view.setUint16(at, value, true);
  }

  /** Signed 16 bits, host order. */
  attrS16(type: number, value: number): void {
    fits(value, -0x8000, 0x7fff, type);
    const at = this.attr(type, 2);
    this.view.setInt16(at, value, true);
  }

  /** Unsigned 16 bits, network order. */
  attrU16be(type: number, value: number): void {
    fits(value, 0, 0xffff, type);
    const at = this.attr(type, 2);
    this.view.setUint16(at, value);
  }

  /** Unsigned 32 bits, host order. */
  attrU32(type: number, value: number): void {
    fits(value, 0, 0xffff_ffff, type);
    const at = this.attr(type, 4);
    this.view.setUint32(at, value, true);
  }

  /** Signed 32 bits, host order. */
  attrS32(type: number, value: number): void {
    fits(value, -0x8000_0000, 0x7fff_ffff, type);
    const at = this.attr(type, 4);
    this.view.setInt32(at, value, true);
  }

  /** Unsigned 32 bits, network order. */
  attrU32be(type: number, value: number): void {
    fits(value, 0, 0xffff_ffff, type);
    const at = this.attr(type, 4);
    this.view.setUint32(at, value);
  }

  /** Unsigned 64 bits, host order. */
  attrU64(type: number, value: bigint): void {
    fits64(value, 0n, MAX_U64, type);
    const at = this.attr(type, 8);
    this.view.setBigUint64(at, value, true);
  }

  /** Signed 64 bits, host order. */
  attrS64(type: number, value: bigint): void {
    fits64(value, MIN_S64, MAX_S64, type);
    const at = this.attr(type, 8);
    this.view.setBigInt64(at, value, true);
  }

  /** Unsigned 64 bits, network order. */
  attrU64be(type: number, value: bigint): void {
    fits64(value, 0n, MAX_U64, type);
    const at = this.attr(type, 8);
    this.view.setBigUint64(at, value);
  }

  /** Unsigned integer in 4 bytes if it fits, else in 8 (nla_put_uint). */
  attrUint(type: number, value: bigint): void {
    if (value >= 0n && value <= 0xffff_ffffn) this.attrU32(type, Number(value));
    else this.attrU64(type, value);
  }

  /** Signed integer in 4 bytes if it fits, else in 8 (nla_put_sint). */
  attrSint(type: number, value: bigint): void {
    if (value >= -0x8000_0000n && value <= 0x7fff_ffffn) this.attrS32(type, Number(value));
    else this.attrS64(type, value);
  }

  /** Text with its terminating NUL. */
  attrString(type: number, value: string): void {
    const size = value.length;
    for (let i = 0; i < size; i++) {
      if (value.charCodeAt(i) >= 0x80) {
        this.attrBytes(type, bytesOf(`${value}\0`));
        return;
      }
    }
    const at = this.attr(type, size + 1);
    for (let i = 0; i < size; i++) this.bytes[at + i] = value.charCodeAt(i);
    this.bytes[at + size] = 0;
  }

  /** Bytes as they are. */
  attrBytes(type: number, value: Uint8Array): void {
    const at = this.attr(type, value.length);
    this.bytes.set(value, at);
  }

  /** An attribute without payload. */
  attrFlag(type: number): void {
    this.attr(type, 0);
  }

  /** struct nla_bitfield32. */
  attrBitfield32(type: number, value: Bitfield32): void {
    const at = this.attr(type, 8);
    this.view.setUint32(at, value.value, true);
    this.view.setUint32(at + 4, value.selector, true);
  }

  /** Attributes that no table knows. */
  attrUnknown(list: readonly UnknownAttr[]): void {
    for (const { type, data } of list) this.attrBytes(type, data);
  }

  /** Open a nest with NLA_F_NESTED; give the result to `nestEnd`. */
  nestBegin(type: number): number {
    return this.begin(type | NLA_F_NESTED);
  }

  /** Open an attribute whose payload follows; give the result to `nestEnd`. */
  begin(type: number): number {
    return this.attr(type, 0) - 4;
  }

  /** Close what `nestBegin` or `begin` opened. */
  nestEnd(mark: number): void {
    const size = this.length - mark;
    if (size > 0xffff) throw tooLong(this.view.getUint16(mark + 2, true) & 0x3fff, size);
    this.view.setUint16(mark, size, true);
    this.align();
  }

  /**
   * Start a message: nlmsghdr with NLM_F_REQUEST's bit as the caller gives it. Give the result to
   * `messageEnd`.
   */
  messageBegin(type: number, flags: number): number {
    const at = this.reserve(NLMSG_HDRLEN);
    this.view.setUint16(at + 4, type, true);
    this.view.setUint16(at + 6, flags, true);
    if (this.#count === this.#offsets.length) this.#growOffsets();
    this.#offsets[this.#count++] = at;
    return at;
  }

  /** Finish a message: write its length. */
  messageEnd(mark: number): void {
    this.view.setUint32(mark, this.length - mark, true);
    this.align();
  }

  #growOffsets(): void {
    const bigger = new Uint32Array(this.#offsets.length * 2);
    bigger.set(this.#offsets);
    this.#offsets = bigger;
  }

  /** Messages begun since the last reset. */
  get count(): number {
    return this.#count;
  }

  /** All messages as the transport takes them; no copy. */
  batch(): EncodedBatch {
    return { bytes: this.bytes, length: this.length, count: this.#count, offsets: this.#offsets };
  }

  /** A copy of everything written: the payload of a single request. */
  payload(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

/**
 * Encode one payload with a fresh encoder.
 *
 * @example
 * payloadOf((out) => { encodeIfinfomsg(out, {}); encodeLinkAttrs(out, { ifname: 'lo' }); })
 */
export function payloadOf(write: (out: Encoder) => void): Uint8Array {
  const out = new Encoder(256);
  write(out);
  return out.payload();
}

function tooLong(type: number, size: number): WeirError {
  return new WeirError('ENCODE', { path: `attribute ${type}`, problem: `${size} bytes are more than 65531` });
}

/** Write text into a char array of `length` bytes that is already zero; the last byte stays NUL. */
export function putChars(out: Encoder, at: number, length: number, text: string): void {
  out.bytes.set(bytesOf(text).subarray(0, length - 1), at);
}
