// SPDX-License-Identifier: Apache-2.0
// Bounds of the wire's integers.
import { WeirError } from '../base/errors.ts';

/** Largest u64. */
export const MAX_U64 = 0xffff_ffff_ffff_ffffn;
/** Smallest s64. */
export const MIN_S64: bigint = -0x8000_0000_0000_0000n;
/** Largest s64. */
export const MAX_S64 = 0x7fff_ffff_ffff_ffffn;

/**
 * The value itself, when it is within the bounds. `what` names the field: a text, or the type of an
 * attribute.
 *
 * @throws {WeirError} `ENCODE`.
 */
export function fits(value: number, min: number, max: number, what: string | number): number {
  // Written so that NaN is refused too.
  if (value >= min && value <= max) return value;
  throw outOfRange(value, min, max, what);
}

/** The same for 64 bits. */
export function fits64(value: bigint, min: bigint, max: bigint, what: string | number): bigint {
  if (value >= min && value <= max) return value;
  throw outOfRange(value, min, max, what);
}

function outOfRange(value: unknown, min: unknown, max: unknown, what: string | number): WeirError {
  const path = typeof what === 'number' ? `attribute ${what}` : what;
  return new WeirError('ENCODE', { path, problem: `${value} is not within ${min} to ${max}` });
}
