// SPDX-License-Identifier: Apache-2.0
import type { TcRatespec } from '../../codec/generated/tc.ts';

/** Bytes per second: the 64-bit attribute where the struct's 32 bits are too few. */
export function rateOf(spec: TcRatespec, rate64: bigint | undefined): number {
  return rate64 === undefined ? spec.rate : Number(rate64);
}

const MAX_U32 = 0xffff_ffff;
/** TC_LINKLAYER_ETHERNET: the kernel computes with the rate itself and wants no table of it. */
const ETHERNET = 1;

/** The struct of a rate; one that it has no room for is given as `wideRate`, too. */
export function rateSpec(rate: number, overhead = 0, mpu = 0): TcRatespec {
  return { cellLog: 0, linklayer: ETHERNET, overhead, cellAlign: 0, mpu, rate: Math.min(rate, MAX_U32) };
}

/** The attribute of a rate that is too large for the struct. */
export function wideRate(name: string, rate: number): Readonly<Record<string, bigint>> {
  return rate > MAX_U32 ? { [name]: BigInt(rate) } : {};
}
