// SPDX-License-Identifier: Apache-2.0
import { packetSummary } from '../../codec/packet/summary.ts';
import { packetsIn, type ReadPacket } from '../../codec/pcapng-read.ts';
import type { CapturedPacket } from '../../model/capture.ts';
import { timeText } from '../service/drop-packets.ts';

/** What an interface of a capture is called, and what its packets begin with. */
export interface LineInterface {
  readonly name: string;
  readonly linkType: number;
}

/** Packets in blocks of a capture file as lines of JSON. */
export function packetLines(blocks: Uint8Array, interfaces: readonly LineInterface[]): string {
  let lines = '';
  for (const packet of packetsIn(blocks)) lines += `${JSON.stringify(captured(packet, interfaces))}\n`;
  return lines;
}

function captured(packet: ReadPacket, interfaces: readonly LineInterface[]): CapturedPacket {
  const { name, linkType } = interfaces[packet.interface] ?? { name: '?', linkType: 0 };
  return {
    time: timeText(packet.time),
    device: name,
    ...(packet.direction !== undefined && { direction: packet.direction }),
    length: packet.length,
    text: packetSummary(packet.data, linkType, packet.length),
    ...(packet.comment !== undefined && { comment: packet.comment }),
  };
}
