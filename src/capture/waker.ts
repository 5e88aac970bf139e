// SPDX-License-Identifier: Apache-2.0

/** Lets one waiter sleep until something happens; what happened before it sleeps counts. */
export class Waker {
  #happened = false;
  #resolve: (() => void) | undefined;

  readonly wake = (): void => {
    this.#happened = true;
    this.#resolve?.();
  };

  /** Until {@link wake} was called since the last time, or so many milliseconds have gone. */
  async sleep(ms: number): Promise<void> {
    if (!this.#happened)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#resolve = undefined;
    this.#happened = false;
  }
}
