// SPDX-License-Identifier: Apache-2.0
import type { Exposition, Family, FamilyWriter } from './exposition.ts';
import { FamilyBuffer } from './family-buffer.ts';

/** Lets the event loop run; throws when the scrape must end. */
export type Breathe = () => Promise<void>;

/**
 * Name under which a family of another namespace is exposed: the agent's own namespace keeps node_exporter's names,
 * all others go under `weir_`, so that nothing collides with a node_exporter beside Weir.
 */
export function exposedName(netns: string, name: string): string {
  return netns !== '' && name.startsWith('node_') ? `weir_${name.slice(5)}` : name;
}

/** All families of the agent, kept from scrape to scrape so that their buffers are allocated once. */
export class ExpositionSet {
  private readonly buffers = new Map<string, FamilyBuffer>();
  private readonly budgets: ReadonlyMap<string, number>;

  /** @param budgets Most series of a family, by its exposed name, where that differs from what it declares. */
  constructor(budgets: ReadonlyMap<string, number> = new Map()) {
    this.budgets = budgets;
  }

  /** Start a scrape. */
  reset(): void {
    for (const buffer of this.buffers.values()) buffer.reset();
  }

  /** What collectors of one namespace write to. */
  bind(netns: string, breathe: Breathe): Exposition {
    const writers = new Map<string, FamilyWriter>();
    return {
      breathe,
      family: (family) => {
        let writer = writers.get(family.name);
        if (writer === undefined) {
          const buffer = this.buffer(family, exposedName(netns, family.name));
          writer = netns === '' ? buffer : inNamespace(buffer, netns);
          writers.set(family.name, writer);
        }
        return writer;
      },
    };
  }

  /** Samples of this scrape. */
  get series(): number {
    let sum = 0;
    for (const buffer of this.buffers.values()) sum += buffer.series;
    return sum;
  }

  /** Samples left out since the start, by family. */
  dropped(): readonly (readonly [family: string, samples: number])[] {
    const overflowed = [...this.buffers.values()].filter((buffer) => buffer.dropped > 0);
    return overflowed.map((buffer) => [buffer.name, buffer.dropped]);
  }

  /**
   * The whole scrape in one piece: as it was at the call, whatever collectors that are late write meanwhile.
   *
   * @param memory Gives the memory for it.
   */
  async render(
    breathe: Breathe,
    memory: (size: number) => Uint8Array = (size) => new Uint8Array(size),
  ): Promise<Uint8Array> {
    const parts = [...this.buffers.values()].map((buffer) => ({ buffer, size: buffer.size }));
    const out = memory(parts.reduce((sum, { size }) => sum + size, 0));
    let at = 0;
    for (const { buffer, size } of parts) {
      at = buffer.copyTo(out, at, size);
      await breathe();
    }
    return out;
  }

  private buffer(family: Family, name: string): FamilyBuffer {
    let buffer = this.buffers.get(name);
    if (buffer === undefined) {
      buffer = new FamilyBuffer(family, name, this.budgets.get(name));
      this.buffers.set(name, buffer);
    }
    return buffer;
  }
}

function inNamespace(buffer: FamilyBuffer, netns: string): FamilyWriter {
  return {
    sample: (labels, value) => buffer.sample(labels, value),
    sampleU64: (labels, lo, hi) => buffer.sampleU64(labels, lo, hi),
    histogram: (labels, histogram) => buffer.histogram(labels, histogram),
    add: (labelValues, value) => buffer.addIn(netns, labelValues, value),
  };
}
