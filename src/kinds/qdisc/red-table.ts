// SPDX-License-Identifier: Apache-2.0
// What RED wants computed in advance: the kernel has no logarithms (include/net/red.h).
import { bytesToTicks } from './psched.ts';

/** What a link is taken for while nothing comes: tc's default, 10 Mbit/s of packets of 1000 bytes. */
const IDLE_RATE = 1_250_000;
const IDLE_PACKET = 1000;
const CELLS = 256;
const MOST = 31;

/**
 * How much the average falls while the queue is idle: by `2^-table[t >> scellLog]` after `t` ticks.
 * @param wlog Weight of a packet in the average, as the power of a half.
 */
export function damping(wlog: number): { readonly scellLog: number; readonly table: Uint8Array } {
  const perTick = -Math.log(1 - 2 ** -wlog) / bytesToTicks(IDLE_RATE, IDLE_PACKET);
  let scellLog = 0;
  while (MOST / perTick / 2 ** scellLog >= 2 * CELLS) scellLog++;
  const fall = (cell: number) => Math.min(MOST, Math.trunc(cell * 2 ** scellLog * perTick));
  const table = Uint8Array.from({ length: CELLS }, (_, cell) => (cell === CELLS - 1 ? MOST : fall(cell)));
  return { scellLog, table };
}

/** The weight at which a burst of packets is let through; undefined when there is none. */
export function ewmaOf(min: number, burst: number, avpkt: number): number | undefined {
  const wanted = burst + 1 - min / avpkt;
  if (wanted < 1) return undefined;
  for (let wlog = 1; wlog < 32; wlog++)
    if (wanted <= (1 - (1 - 2 ** -wlog) ** burst) * 2 ** wlog) return wlog;
  return undefined;
}

/** The power of two that makes the probability per byte more than one. */
export function probabilityLog(min: number, max: number, probability: number): number {
  let log = 0;
  for (let value = probability / (max - min); value <= 1 && log < 31; value *= 2) log++;
  return log;
}
