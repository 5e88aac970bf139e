// SPDX-License-Identifier: Apache-2.0
import type { Histogram } from './exposition.ts';

/** Packets on a device in one direction, as the network stack sees them, estimated from samples. */
export interface PacketCounts {
  readonly device: string;
  readonly direction: 'receive' | 'transmit';
  /** Bytes with the link-layer header; what was merged on receipt or is segmented later is one packet. */
  readonly sizes: Histogram;
  readonly protocols: readonly (readonly [name: string, packets: number])[];
}
