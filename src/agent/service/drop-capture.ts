// SPDX-License-Identifier: Apache-2.0
import os from 'node:os';
import { LINK_TYPE, PcapngWriter } from '../../codec/pcapng.ts';
import type { DropRecord } from '../../programs/generated/drops.ts';
import type { SeenPacket } from './drop-packets.ts';

/** Bytes of a packet that the recorder keeps. */
const SNAP_LENGTH = 128;
const ADDRESSES = 12;
const ETHERNET_HEADER = 14;
const IP: readonly number[] = [0x0800, 0x86dd];

/** Dropped packets as a capture file: each names its reason, and the interface that it was dropped at. */
export async function* dropCapture(
  packets: AsyncIterable<readonly SeenPacket[]>,
  version: string,
): AsyncGenerator<Uint8Array, void> {
  const writer = new PcapngWriter({
    application: `weir ${version}`,
    os: `${os.type()} ${os.release()}`,
    hardware: os.machine(),
    comment: 'Dropped packets: the reason is in the comment of each',
  });
  const interfaces = new Map<string, number>();
  yield writer.take();
  for await (const batch of packets) {
    for (const packet of batch) addPacket(writer, interfaces, packet);
    yield writer.take();
  }
}

function addPacket(
  writer: PcapngWriter,
  interfaces: Map<string, number>,
  { record, time, kind }: SeenPacket,
): void {
  const { data, length, linkType } = framed(record);
  const name = `${kind.netns === '' ? '' : `${kind.netns}/`}${kind.device || 'unknown'}`;
  const id = `${linkType} ${name}`;
  const known = interfaces.get(id);
  const number = known ?? writer.addInterface({ name, linkType, snapLength: SNAP_LENGTH + ETHERNET_HEADER });
  if (known === undefined) interfaces.set(id, number);
  const comment = kind.location === '' ? kind.reason : `${kind.reason} in ${kind.location}`;
  writer.addPacket({ interface: number, time, length, data, comment });
}

/** What is neither IP nor has a header of its own gets one that says what it is, between addresses of zeros. */
function framed(record: DropRecord): {
  readonly data: Uint8Array;
  readonly length: number;
  readonly linkType: number;
} {
  const data = record.data.subarray(0, record.captured);
  const { length, protocol } = record;
  if (record.ethernet === 1) return { data, length, linkType: LINK_TYPE.ethernet };
  if (IP.includes(protocol)) return { data, length, linkType: LINK_TYPE.raw };
  const frame = new Uint8Array(ETHERNET_HEADER + data.length);
  new DataView(frame.buffer).setUint16(ADDRESSES, protocol);
  frame.set(data, ETHERNET_HEADER);
  return { data: frame, length: ETHERNET_HEADER + length, linkType: LINK_TYPE.ethernet };
}
