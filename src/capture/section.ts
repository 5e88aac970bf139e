// SPDX-License-Identifier: Apache-2.0
// What a capture file has besides packets: where it comes from, its interfaces, and at its end what was lost and why it
// ends there.
import { PcapngWriter } from '../codec/pcapng.ts';
import type { Ending } from './ending.ts';

/** An interface of a capture file. */
export interface FileInterface {
  /** With its namespace: `edge/eth0`. */
  readonly name: string;
  readonly description: string;
  readonly linkType: number;
  readonly snapLength: number;
}

export interface FileOrigin {
  readonly application: string;
  readonly os: string;
  readonly hardware: string;
}

/** How the packets of an interface fared. */
export interface InterfaceCounts {
  readonly accepted: number;
  readonly dropped: number;
  readonly packets: number;
}

/** The beginning of a file. */
export function fileHeader(
  origin: FileOrigin,
  comment: string,
  interfaces: readonly FileInterface[],
): Uint8Array {
  const writer = new PcapngWriter({ ...origin, comment });
  for (const one of interfaces) writer.addInterface(one);
  return writer.take();
}

/** Its end: statistics of each interface, with the reason. `start` and `now` are milliseconds since the epoch. */
export function fileTrailer(
  counts: readonly InterfaceCounts[],
  { start, now }: { readonly start: number; readonly now: number },
  ending: Ending | undefined,
): Uint8Array {
  const writer = new PcapngWriter();
  writer.take();
  const comment = ending === undefined ? '' : `capture ended (${ending.reason}): ${ending.detail}`;
  const times = { start: BigInt(start) * 1_000_000n, time: BigInt(now) * 1_000_000n };
  counts.forEach(({ accepted, dropped, packets: delivered }, number) => {
    writer.addStatistics({ interface: number, ...times, accepted, dropped, delivered, comment });
  });
  return writer.take();
}
