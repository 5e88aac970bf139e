// SPDX-License-Identifier: Apache-2.0

/** Time as a dependency, so that logic which waits can be tested without waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds on a clock that never jumps. */
  monotonic(): number;
}
