// SPDX-License-Identifier: Apache-2.0
import type { Exposition, Family, FamilyWriter } from './exposition.ts';
import { FamilyBuffer } from './family-buffer.ts';

/** Counts what the budgets folded away. Its own series are one for each family that ever overflowed. */
export const DROPPED_SERIES: Family = {
  name: 'weir_exposition_dropped_series_total',
  help: 'Samples left out because their family had spent its budget of series.',
  type: 'counter',
  labels: ['family'],
};

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

  /** The whole scrape in one piece of memory of its own. */
  render(): Uint8Array {
    this.countDropped();
    let size = 0;
    for (const buffer of this.buffers.values()) size += buffer.size;
    const out = new Uint8Array(size);
    let at = 0;
    for (const buffer of this.buffers.values()) at = buffer.copyTo(out, at);
    return out;
  }

  private buffer(family: Family, name: string): FamilyBuffer {
    let buffer = this.buffers.get(name);
    if (buffer === undefined) {
      buffer = new FamilyBuffer(family, name);
      this.buffers.set(name, buffer);
    }
    return buffer;
  }

  private countDropped(): void {
    const overflowed = [...this.buffers.values()].filter((buffer) => buffer.dropped > 0);
    const counter = this.buffer(DROPPED_SERIES, DROPPED_SERIES.name);
    for (const buffer of overflowed) counter.add([buffer.name], buffer.dropped);
  }
}

function inNamespace(buffer: FamilyBuffer, netns: string): FamilyWriter {
  return {
    sample: (labels, value) => buffer.sample(labels, value),
    sampleU64: (labels, lo, hi) => buffer.sampleU64(labels, lo, hi),
    add: (labelValues, value) => buffer.addIn(netns, labelValues, value),
  };
}
