// SPDX-License-Identifier: Apache-2.0
import type { TcRatespec } from '../../../codec/generated/tc.ts';
import { bytesToTicks } from '../../qdisc/psched.ts';
import { rateSpec } from '../../qdisc/rate.ts';

/** Slots of the kernel's table of how long packets take (TC_RTAB_SIZE is four times that). */
const SLOTS = 256;
/** Powers of two of the bytes of a slot: 8 bytes are enough for packets of 2047. */
export const SMALLEST_CELL = 3;

/** A rate with the table that police insists on; its largest packet decides how wide the slots are. */
export function rateTable(
  rate: number,
  mtu: number,
): { readonly spec: TcRatespec; readonly table: Uint8Array } {
  let cellLog = SMALLEST_CELL;
  while (mtu >> cellLog >= SLOTS) cellLog++;
  const view = new DataView(new ArrayBuffer(SLOTS * 4));
  for (let slot = 0; slot < SLOTS; slot++)
    view.setUint32(slot * 4, Math.min(0xffff_ffff, bytesToTicks(rate, (slot + 1) << cellLog)), true);
  return { spec: { ...rateSpec(rate), cellLog, cellAlign: -1 }, table: new Uint8Array(view.buffer) };
}
