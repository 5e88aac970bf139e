// SPDX-License-Identifier: Apache-2.0
// Writes capture files of the form pcapng (draft-ietf-opsawg-pcapng): one section, little-endian, times in nanoseconds.
import { bytesOf } from '../base/bytes.ts';

/** Media type of a capture file. */
export const PCAPNG_TYPE = 'application/x-pcapng';

/** What the bytes of packets begin with (LINKTYPE_*). */
export const LINK_TYPE = { ethernet: 1, raw: 101, linuxSll2: 276 } as const;

const BLOCK = { section: 0x0a0d_0d0a, interface: 1, statistics: 5, enhancedPacket: 6 } as const;
const OPTION = { end: 0, comment: 1 } as const;
const SECTION_OPTION = { hardware: 2, os: 3, application: 4 } as const;
const INTERFACE_OPTION = { name: 2, description: 3, timeResolution: 9 } as const;
const PACKET_OPTION = { flags: 2 } as const;
const STATISTICS_OPTION = {
  start: 2,
  end: 3,
  received: 4,
  dropped: 5,
  accepted: 6,
  osDropped: 7,
  delivered: 8,
} as const;
const BYTE_ORDER = 0x1a2b_3c4d;
const NANOSECONDS = 9;
const LONGEST_OPTION = 0xffff;

/** Where a file comes from, in words. */
export interface PcapngSection {
  readonly application?: string;
  readonly os?: string;
  readonly hardware?: string;
  readonly comment?: string;
}

/** A device that packets were seen at. */
export interface PcapngInterface {
  readonly name: string;
  readonly description?: string;
  /** One of LINKTYPE_*. */
  readonly linkType: number;
  /** Most bytes of a packet that are kept; 0: all. */
  readonly snapLength: number;
}

export interface PcapngPacket {
  /** As {@link PcapngWriter.addInterface} numbered it. */
  readonly interface: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** Bytes that the packet had. */
  readonly length: number;
  /** The first of them. */
  readonly data: Uint8Array;
  readonly comment?: string;
  readonly direction?: 'in' | 'out';
}

/** What became of the packets of an interface. */
export interface PcapngStatistics {
  /** As {@link PcapngWriter.addInterface} numbered it. */
  readonly interface: number;
  /** When these were read, and since when they count; nanoseconds since the epoch. */
  readonly time: bigint;
  readonly start: bigint;
  /** Packets that passed the filter. */
  readonly accepted: number;
  /** Those of them that were lost since the buffer was full. */
  readonly dropped: number;
  /** Packets that are in the file, or in those before it. */
  readonly delivered: number;
  readonly comment?: string;
}

/** Makes a file block by block; what was made is taken in portions. It begins with its section. */
export class PcapngWriter {
  #bytes: Uint8Array = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #interfaces = 0;

  constructor(section: PcapngSection = {}) {
    const start = this.#begin(BLOCK.section, 16);
    this.#view.setUint32(start, BYTE_ORDER, true);
    this.#view.setUint16(start + 4, 1, true);
    // of unknown length: what follows belongs to it
    this.#view.setBigInt64(start + 8, -1n, true);
    this.#text(OPTION.comment, section.comment);
    this.#text(SECTION_OPTION.hardware, section.hardware);
    this.#text(SECTION_OPTION.os, section.os);
    this.#text(SECTION_OPTION.application, section.application);
    this.#end(start);
  }

  /** @returns the number of the interface, for its packets. */
  addInterface({ name, description, linkType, snapLength }: PcapngInterface): number {
    const start = this.#begin(BLOCK.interface, 8);
    this.#view.setUint16(start, linkType, true);
    this.#view.setUint32(start + 4, snapLength, true);
    this.#text(INTERFACE_OPTION.name, name);
    this.#text(INTERFACE_OPTION.description, description);
    this.#option(INTERFACE_OPTION.timeResolution, Uint8Array.of(NANOSECONDS));
    this.#end(start);
    return this.#interfaces++;
  }

  addPacket({ interface: number, time, length, data, comment, direction }: PcapngPacket): void {
    const start = this.#begin(BLOCK.enhancedPacket, 20 + padded(data.length));
    this.#view.setUint32(start, number, true);
    this.#time(start + 4, time);
    this.#view.setUint32(start + 12, data.length, true);
    this.#view.setUint32(start + 16, Math.max(length, data.length), true);
    this.#bytes.set(data, start + 20);
    this.#text(OPTION.comment, comment);
    if (direction !== undefined)
      this.#option(PACKET_OPTION.flags, Uint8Array.of(direction === 'in' ? 1 : 2, 0, 0, 0));
    this.#end(start);
  }

  addStatistics({
    interface: number,
    time,
    start,
    accepted,
    dropped,
    delivered,
    comment,
  }: PcapngStatistics): void {
    const block = this.#begin(BLOCK.statistics, 12);
    this.#view.setUint32(block, number, true);
    this.#time(block + 4, time);
    this.#text(OPTION.comment, comment);
    this.#timeOption(STATISTICS_OPTION.start, start);
    this.#timeOption(STATISTICS_OPTION.end, time);
    this.#counter(STATISTICS_OPTION.received, accepted);
    this.#counter(STATISTICS_OPTION.dropped, dropped);
    this.#counter(STATISTICS_OPTION.accepted, accepted);
    this.#counter(STATISTICS_OPTION.osDropped, dropped);
    this.#counter(STATISTICS_OPTION.delivered, delivered);
    this.#end(block);
  }

  /** Bytes that were made and not taken yet. */
  get length(): number {
    return this.#length;
  }

  /** What was made since the last time. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** The upper half comes first. */
  #time(at: number, time: bigint): void {
    this.#view.setUint32(at, Number(BigInt.asUintN(32, time >> 32n)), true);
    this.#view.setUint32(at + 4, Number(BigInt.asUintN(32, time)), true);
  }

  #timeOption(code: number, time: bigint): void {
    const at = this.#length + 4;
    this.#option(code, new Uint8Array(8));
    this.#time(at, time);
  }

  #counter(code: number, value: number): void {
    const at = this.#length + 4;
    this.#option(code, new Uint8Array(8));
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  /** @returns where the block's body of `size` zeroed bytes begins. */
  #begin(type: number, size: number): number {
    const at = this.#reserve(8 + size);
    this.#view.setUint32(at, type, true);
    return at + 8;
  }

  #end(body: number): void {
    this.#option(OPTION.end, new Uint8Array(0));
    const at = this.#reserve(4);
    const length = this.#length - body + 8;
    this.#view.setUint32(body - 4, length, true);
    this.#view.setUint32(at, length, true);
  }

  #text(code: number, text: string | undefined): void {
    if (text === undefined || text === '') return;
    this.#option(code, bytesOf(text).subarray(0, LONGEST_OPTION));
  }

  #option(code: number, value: Uint8Array): void {
    const at = this.#reserve(4 + padded(value.length));
    this.#view.setUint16(at, code, true);
    this.#view.setUint16(at + 2, value.length, true);
    this.#bytes.set(value, at + 4);
  }

  /** Room for `size` zeroed bytes. @returns where they begin. */
  #reserve(size: number): number {
    const at = this.#length;
    const end = at + size;
    if (end > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      bigger.set(this.#bytes.subarray(0, at));
      this.#bytes = bigger;
      this.#view = new DataView(bigger.buffer);
    }
    this.#bytes.fill(0, at, at + size);
    this.#length = at + size;
    return at;
  }
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
