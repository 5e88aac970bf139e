// SPDX-License-Identifier: Apache-2.0
import { attachTracepoint } from '../../kernel/bpf/links.ts';
import { closeAll } from './pins.ts';

/** Who looks again within this time finds it attached: `weir top` asks once a second. */
const LINGER_MS = 10_000;

/** Programs that are on their tracepoints while somebody looks at what they count, and a little longer. */
export class OnDemand {
  readonly #programs: readonly number[];
  #links: readonly number[] = [];
  #watchers = 0;
  #linger: NodeJS.Timeout | undefined;

  /** @param programs descriptors of typed tracepoint programs, which stay the caller's. */
  constructor(programs: readonly number[]) {
    this.#programs = programs;
  }

  /** Count until what is returned is disposed of. @throws {WeirError} when the kernel refuses to attach. */
  watch(): Disposable {
    if (this.#links.length === 0) this.#attach();
    this.#watchers++;
    clearTimeout(this.#linger);
    return { [Symbol.dispose]: () => this.#leave() };
  }

  close(): void {
    clearTimeout(this.#linger);
    closeAll(this.#links);
    this.#links = [];
  }

  #attach(): void {
    const links: number[] = [];
    try {
      for (const program of this.#programs) links.push(attachTracepoint(program));
      this.#links = links;
    } catch (error) {
      closeAll(links);
      throw error;
    }
  }

  #leave(): void {
    this.#watchers--;
    if (this.#watchers > 0) return;
    this.#linger = setTimeout(() => this.close(), LINGER_MS);
    this.#linger.unref();
  }
}
