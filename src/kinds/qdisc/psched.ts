// SPDX-License-Identifier: Apache-2.0

/** Packet scheduler ticks per microsecond: one tick is 64 ns (include/net/pkt_sched.h PSCHED_SHIFT). */
const TICKS_PER_US = 15.625;

/** Ticks in whole microseconds, as tc cuts them. */
export function ticksToUs(ticks: number): number {
  return Math.trunc(ticks / TICKS_PER_US);
}

/** Bytes that take `ticks` to send at `rate` bytes per second: what tc shows for a burst. */
export function ticksToBytes(rate: number, ticks: number): number {
  return Math.trunc((rate * ticksToUs(ticks)) / 1_000_000);
}
