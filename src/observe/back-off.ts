// SPDX-License-Identifier: Apache-2.0

/**
 * Waits between attempts: doubling from `first` to `most` milliseconds, back to `first` after a quiet time.
 */
export class BackOff {
  readonly #first: number;
  readonly #most: number;
  #next: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(first: number, most: number) {
    this.#first = first;
    this.#most = most;
    this.#next = first;
  }

  /**
   * How long to wait before the attempt that is asked for now.
   *
   * @param now Milliseconds on a clock that never jumps. Quiet for ten times `most` starts over.
   */
  delay(now: number): number {
    if (now - this.#last > 10 * this.#most) this.#next = this.#first;
    this.#last = now;
    const delay = this.#next;
    this.#next = Math.min(this.#next * 2, this.#most);
    return delay;
  }
}
