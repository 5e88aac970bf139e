// SPDX-License-Identifier: Apache-2.0

/** The last bytes that came, in the portions in which they came. */
export class BeforeRing {
  readonly #most: number;
  #portions: { readonly bytes: Uint8Array; readonly packets: number }[] = [];
  #bytes = 0;

  /** @param most Bytes that are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Keep a copy; the oldest portions make room for it. */
  add(bytes: Uint8Array, packets: number): void {
    this.#portions.push({ bytes: bytes.slice(), packets });
    this.#bytes += bytes.length;
    let gone = 0;
    while (this.#bytes > this.#most && gone < this.#portions.length - 1)
      this.#bytes -= this.#portions[gone++]?.bytes.length ?? 0;
    this.#portions.splice(0, gone);
  }

  /** All that is kept, oldest first; nothing is kept then. */
  take(): readonly { readonly bytes: Uint8Array; readonly packets: number }[] {
    const taken = this.#portions;
    this.#portions = [];
    this.#bytes = 0;
    return taken;
  }
}
