// SPDX-License-Identifier: Apache-2.0
import type { EngineParts } from './parts.ts';

/** What the kernel lacks, asked once for each feature. */
export class Features {
  readonly #ask: EngineParts['unsupported'];
  readonly #answers = new Map<string, boolean>();

  constructor(ask: EngineParts['unsupported']) {
    this.#ask = ask;
  }

  /** Of the features named, those that the kernel lacks. What cannot be asked for counts as there. */
  async missing(features: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const unknown = new Set([...features].filter((feature) => !this.#answers.has(feature)));
    if (unknown.size > 0) {
      const lacking = await this.#ask(unknown);
      for (const feature of unknown) this.#answers.set(feature, lacking.has(feature));
    }
    return new Set([...features].filter((feature) => this.#answers.get(feature) === true));
  }
}
