// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from 'node:timers/promises';

/** Longest stretch of work between two turns of the event loop, in milliseconds. */
const SLICE_MS = 4;

/** Cuts long work into stretches so that nothing else waits for it. */
export class TimeSlice {
  #started = performance.now();

  /** True when it is time to let others run. */
  get spent(): boolean {
    return performance.now() - this.#started > SLICE_MS;
  }

  /** Let the event loop turn, then begin a new stretch. */
  async pause(): Promise<void> {
    await setImmediate();
    this.#started = performance.now();
  }
}
