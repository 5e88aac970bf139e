// SPDX-License-Identifier: Apache-2.0
import { closeSync, readFileSync } from 'node:fs';
import { ERRNO } from '../../base/errno.gen.ts';
import { wireOf } from '../../base/wire.ts';
import { checked, ENOTSUPP, kernelError } from '../errno.ts';
import type { BpfMap, MapEntries } from '../ports.ts';
import { BPF, BPF_RIGHT, BpfAttr, bpf, objectInfo } from './syscall.ts';

/** Types by number (enum bpf_map_type). */
export const MAP_TYPE = {
  HASH: 1,
  ARRAY: 2,
  PERCPU_HASH: 5,
  PERCPU_ARRAY: 6,
  LRU_HASH: 9,
  LRU_PERCPU_HASH: 10,
  LPM_TRIE: 11,
  RINGBUF: 27,
} as const;

const PER_CPU: readonly number[] = [MAP_TYPE.PERCPU_HASH, MAP_TYPE.PERCPU_ARRAY, MAP_TYPE.LRU_PERCPU_HASH];
const BPF_F_LOCK = 1n << 2n;
const FIRST_BATCH = 1024;

let cpus = 0;

/** CPUs that the kernel keeps values for: the highest possible number and one (num_possible_cpus()). */
export function possibleCpus(): number {
  if (cpus === 0) {
    const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'utf8'));
    cpus = Number(last?.[1] ?? 0) + 1;
  }
  return cpus;
}

/**
 * A map behind a descriptor, which stays the caller's unless close() is called. Whoever keeps the map across an await may
 * find the number taken by another one, whose values the kernel would write into buffers of this one's size: so what is
 * closed refuses.
 * @throws {KernelError}
 */
export function openMap(fd: number): BpfMap {
  const info = objectInfo(fd);
  const type = info.getUint32(0, true);
  const valueSize = info.getUint32(12, true);
  const perCpu = PER_CPU.includes(type);
  const shape = {
    type,
    id: info.getUint32(4, true),
    keySize: info.getUint32(8, true),
    valueSize,
    maxEntries: info.getUint32(16, true),
    cpus: perCpu ? possibleCpus() : 1,
    stride: perCpu ? (valueSize + 7) & ~7 : valueSize,
  };
  const entrySize = shape.stride * shape.cpus;
  let closed = false;
  const open = () => {
    if (closed) throw kernelError('a map that was closed', ERRNO.EBADF);
    return fd;
  };
  return {
    ...shape,
    get fd() {
      return open();
    },
    lookup: (key) => lookup(open(), key, entrySize),
    update: (key, value) => update(open(), key, value),
    delete: (key) => remove(open(), key),
    entries: () => allEntries({ ...shape, fd: open() }),
    updateBatch: (keys, values, count, inPlace = false) => updateBatch(open(), keys, values, count, inPlace),
    deleteBatch: (keys, count) => deleteBatch(open(), shape.keySize, keys, count),
    close() {
      if (!closed) closeSync(fd);
      closed = true;
    },
  };
}

function elementAttr(fd: number, key: Uint8Array): BpfAttr {
  return new BpfAttr(32).u32(0, fd).pointer(8, key);
}

function lookup(fd: number, key: Uint8Array, size: number): Uint8Array | undefined {
  const value = new Uint8Array(size);
  const result = bpf(BPF.MAP_LOOKUP_ELEM, elementAttr(fd, key).pointer(16, value));
  if (result === -ERRNO.ENOENT) return undefined;
  checked('BPF_MAP_LOOKUP_ELEM', result, BPF_RIGHT);
  return value;
}

function update(fd: number, key: Uint8Array, value: Uint8Array): void {
  checked(
    'BPF_MAP_UPDATE_ELEM',
    bpf(BPF.MAP_UPDATE_ELEM, elementAttr(fd, key).pointer(16, value)),
    BPF_RIGHT,
  );
}

function remove(fd: number, key: Uint8Array): boolean {
  const result = bpf(BPF.MAP_DELETE_ELEM, elementAttr(fd, key));
  if (result === -ERRNO.ENOENT) return false;
  checked('BPF_MAP_DELETE_ELEM', result, BPF_RIGHT);
  return true;
}

function updateBatch(
  fd: number,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
  inPlace: boolean,
): void {
  const attr = batchAttr(fd, keys, values, count).u64(40, inPlace ? BPF_F_LOCK : 0n);
  const result = bpf(BPF.MAP_UPDATE_BATCH, attr);
  if (result < 0) {
    const done = attr.view.getUint32(32, true);
    throw kernelError(`BPF_MAP_UPDATE_BATCH (entry ${done} of ${count})`, -result);
  }
}

/** Entries that are not there are no error: the kernel stops at one, and goes on behind it. */
function deleteBatch(fd: number, keySize: number, keys: Uint8Array, count: number): void {
  for (let at = 0; at < count; ) {
    const attr = new BpfAttr(56)
      .pointer(16, keys.subarray(at * keySize))
      .u32(32, count - at)
      .u32(36, fd);
    const result = bpf(BPF.MAP_DELETE_BATCH, attr);
    if (result >= 0) return;
    if (result !== -ERRNO.ENOENT) checked('BPF_MAP_DELETE_BATCH', result, BPF_RIGHT);
    at += attr.view.getUint32(32, true) + 1;
  }
}

/** struct { in_batch, out_batch, keys, values, count, map_fd, elem_flags, flags } batch. */
function batchAttr(fd: number, keys: Uint8Array, values: Uint8Array, count: number): BpfAttr {
  return new BpfAttr(56).pointer(16, keys).pointer(24, values).u32(32, count).u32(36, fd);
}

interface Shape {
  readonly fd: number;
  readonly keySize: number;
  readonly maxEntries: number;
  readonly cpus: number;
  readonly stride: number;
}

/** Everything in the map, as far as it does not change meanwhile. */
function allEntries(shape: Shape): MapEntries {
  return batchEntries(shape) ?? steppedEntries(shape);
}

/** By BPF_MAP_LOOKUP_BATCH; undefined where the kernel or the type has none. */
function batchEntries({ fd, keySize, maxEntries, cpus, stride }: Shape): MapEntries | undefined {
  const parts = new Parts(keySize, stride * cpus);
  let size = Math.min(maxEntries, FIRST_BATCH);
  let from: Uint8Array | undefined;
  for (;;) {
    const keys = new Uint8Array(size * keySize);
    const values = new Uint8Array(size * stride * cpus);
    const next = new Uint8Array(Math.max(keySize, 4));
    const attr = batchAttr(fd, keys, values, size).pointer(8, next);
    if (from !== undefined) attr.pointer(0, from);
    const result = bpf(BPF.MAP_LOOKUP_BATCH, attr);
    // one bucket of a hash has more entries than were asked for
    if (result === -ERRNO.ENOSPC && size < maxEntries) {
      size = Math.min(size * 2, maxEntries);
      continue;
    }
    if ((result === -ERRNO.EINVAL || result === -ENOTSUPP) && parts.count === 0) return undefined;
    if (result < 0 && result !== -ERRNO.ENOENT) checked('BPF_MAP_LOOKUP_BATCH', result, BPF_RIGHT);
    parts.add(keys, values, attr.view.getUint32(32, true));
    if (result === -ERRNO.ENOENT || parts.count >= maxEntries * 2) return parts.entries(cpus, stride);
    from = next;
  }
}

function steppedEntries({ fd, keySize, maxEntries, cpus, stride }: Shape): MapEntries {
  const parts = new Parts(keySize, stride * cpus);
  let key: Uint8Array | undefined;
  while (parts.count < maxEntries) {
    const next = new Uint8Array(keySize);
    const attr = new BpfAttr(32).u32(0, fd).pointer(16, next);
    if (key !== undefined) attr.pointer(8, key);
    const result = bpf(BPF.MAP_GET_NEXT_KEY, attr);
    if (result === -ERRNO.ENOENT) break;
    checked('BPF_MAP_GET_NEXT_KEY', result, BPF_RIGHT);
    const value = lookup(fd, next, stride * cpus);
    if (value !== undefined) parts.add(next, value, 1);
    key = next;
  }
  return parts.entries(cpus, stride);
}

/** Keys and values that come in portions. */
class Parts {
  readonly #keySize: number;
  readonly #entrySize: number;
  readonly #keys: Uint8Array[] = [];
  readonly #values: Uint8Array[] = [];
  count = 0;

  constructor(keySize: number, entrySize: number) {
    this.#keySize = keySize;
    this.#entrySize = entrySize;
  }

  add(keys: Uint8Array, values: Uint8Array, count: number): void {
    this.#keys.push(keys.subarray(0, count * this.#keySize));
    this.#values.push(values.subarray(0, count * this.#entrySize));
    this.count += count;
  }

  entries(cpus: number, stride: number): MapEntries {
    const keys = joined(this.#keys);
    const values = joined(this.#values);
    return {
      count: this.count,
      keys: wireOf(keys),
      values: wireOf(values),
      keySize: this.#keySize,
      stride,
      cpus,
    };
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}
