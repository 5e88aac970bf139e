// SPDX-License-Identifier: Apache-2.0
// What maps will take is known before they are made; and it must be: the kernel spends minutes and the machine's memory on
// a map that is large beyond sense.
import { availableParallelism } from 'node:os';
import { WeirError } from '../../base/errors.ts';

/** Of an object that names no limit. */
export const DEFAULT_MEMORY = 1 << 30;

/** include/uapi/linux/bpf.h BPF_MAP_TYPE_* */
const PER_CPU: readonly number[] = [5, 6, 10, 21];
const RING: readonly number[] = [27, 31];
const NO_PREALLOC = 1;

/** As much of a map as its size depends on. */
export interface MapSize {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

/** Bytes that a map takes at least when it is made; 0 where it grows with what is put in. */
function bytesOf({ type, keySize, valueSize, maxEntries, flags }: MapSize): number {
  if (RING.includes(type)) return maxEntries;
  if ((flags & NO_PREALLOC) !== 0) return 0;
  const value = Math.ceil(valueSize / 8) * 8;
  return maxEntries * (keySize + (PER_CPU.includes(type) ? 8 + value * availableParallelism() : value));
}

/** @throws {WeirError} `BPF_OBJECT` for maps that take more than `memory` bytes together. */
export function mustFitMemory(maps: readonly MapSize[], memory: number): void {
  const sizes = maps.map((map) => ({ name: map.name, bytes: bytesOf(map) }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= memory) return;
  const [largest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
  throw new WeirError('BPF_OBJECT', {
    problem: `its maps take ${total} bytes of memory and limits.memory is ${memory}; ${largest?.name} has ${largest?.bytes} of them`,
  });
}
