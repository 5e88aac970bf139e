// SPDX-License-Identifier: Apache-2.0

/** Packet scheduler ticks per microsecond: one tick is 64 ns (include/net/pkt_sched.h PSCHED_SHIFT). */
const TICKS_PER_US = 15.625;
const TICKS_PER_SECOND = 15_625_000n;

/** Ticks in whole microseconds, as tc cuts them. */
export function ticksToUs(ticks: number): number {
  return Math.trunc(ticks / TICKS_PER_US);
}

/** Bytes that take `ticks` to send at `rate` bytes per second: what tc shows for a burst. */
export function ticksToBytes(rate: number, ticks: number): number {
  return Math.trunc((rate * ticksToUs(ticks)) / 1_000_000);
}

/** Ticks that `bytes` take to send at `rate` bytes per second, rounded up as tc does. */
export function bytesToTicks(rate: number, bytes: number): number {
  return Number(upTo(BigInt(bytes) * TICKS_PER_SECOND, BigInt(rate)));
}

/**
 * The roundest number of bytes that takes `ticks` to send: the kernel keeps a burst in ticks, and at high rates many
 * sizes share one. It is the multiple of the largest power of two among them, of which there is one only.
 */
export function roundestBytes(rate: number, ticks: number): number {
  const most = (BigInt(ticks) * BigInt(rate)) / TICKS_PER_SECOND;
  const below = ((BigInt(ticks) - 1n) * BigInt(rate)) / TICKS_PER_SECOND;
  // At low rates a tick is less than a byte.
  if (ticks < 1 || most <= below) return Number(upTo(BigInt(ticks) * BigInt(rate), TICKS_PER_SECOND));
  let found = most;
  for (let step = 2n; ; step *= 2n) {
    const round = most - (most % step);
    if (round <= below) return Number(found);
    found = round;
  }
}

const upTo = (value: bigint, divisor: bigint) => (value + divisor - 1n) / divisor;

/** Ticks of a time in nanoseconds; the kernel counts them in 32 bits. */
export function nsToTicks(ns: number): number {
  return Math.min(Math.trunc(ns / 64), 0xffff_ffff);
}
