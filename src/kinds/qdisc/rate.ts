// SPDX-License-Identifier: Apache-2.0
import type { TcRatespec } from '../../codec/generated/tc.ts';

/** Bytes per second: the 64-bit attribute where the struct's 32 bits are too few. */
export function rateOf(spec: TcRatespec, rate64: bigint | undefined): number {
  return rate64 === undefined ? spec.rate : Number(rate64);
}
