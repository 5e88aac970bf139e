// SPDX-License-Identifier: Apache-2.0
// Which function a kernel address is in, from /proc/kallsyms: a hundred thousand lines, made anew by the kernel at every
// reading. They are read by libuv's threads in chunks, so that the event loop only ever parses one.
import { open } from 'node:fs/promises';
import type { KernelSymbols } from './ports.ts';

const CHUNK = 128 << 10;
/** An address this far from every function is in none. */
const LARGEST_FUNCTION = 1 << 20;
const NEWLINE = 10;
/** Digits of an address that a number holds exactly: the low 52 bits. Those above are the same for all of the kernel. */
const DIGITS = 13;
const ADDRESS = 16;
/** t, T, w, W. */
const CODE: readonly number[] = [0x74, 0x54, 0x77, 0x57];

/** @param path Tests give another file. */
export function kernelSymbols(path = '/proc/kallsyms'): KernelSymbols {
  const known = new Map<bigint, string>();
  let reading: Promise<void> = Promise.resolve();
  return {
    async names(addresses) {
      const wanted = new Set([...addresses].filter((address) => !known.has(address)));
      if (wanted.size > 0) {
        reading = reading.then(() => look(path, wanted, known));
        await reading;
      }
      return known;
    },
  };
}

async function look(path: string, wanted: ReadonlySet<bigint>, known: Map<bigint, string>): Promise<void> {
  const missing = [...wanted].filter((address) => !known.has(address));
  if (missing.length === 0) return;
  const search = new Search(missing);
  // without the file nothing has a name
  try {
    for await (const lines of chunksOf(path)) search.take(lines);
  } catch {}
  for (const [address, name] of search.results()) known.set(address, name);
}

/** The file in pieces that end with a line. */
async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    let kept = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, kept, CHUNK - kept, null);
      if (bytesRead === 0) return;
      const filled = kept + bytesRead;
      const end = buffer.lastIndexOf(NEWLINE, filled - 1) + 1;
      yield buffer.subarray(0, end);
      kept = filled - end;
      buffer.copyWithin(0, end, filled);
    }
  } finally {
    await file.close();
  }
}

/** The nearest function at or below each of some addresses. The lines may be in any order. */
class Search {
  readonly #addresses: readonly bigint[];
  /** The low bits of the addresses, rising. */
  readonly #wanted: Float64Array;
  /** Of each address, the nearest function that is above the address before it. */
  readonly #nearest: Float64Array;
  readonly #names: string[];
  /** Where in the chunk the line of `#nearest` is, or -1 if in an earlier one. */
  readonly #lines: Int32Array;

  constructor(addresses: readonly bigint[]) {
    this.#addresses = [...addresses].sort((a, b) => (a < b ? -1 : 1));
    this.#wanted = Float64Array.from(this.#addresses, (address) => Number(BigInt.asUintN(52, address)));
    this.#nearest = new Float64Array(addresses.length).fill(-1);
    this.#names = addresses.map(() => '');
    this.#lines = new Int32Array(addresses.length).fill(-1);
  }

  /** Whole lines: `ffffffff81e42dc0 T kfree_skb_reason`, and behind a tab the module. */
  take(bytes: Buffer): void {
    this.#lines.fill(-1);
    for (let at = 0; at < bytes.length; at = bytes.indexOf(NEWLINE, at) + 1) {
      if (!CODE.includes(bytes[at + ADDRESS + 1] as number)) continue;
      const address = addressAt(bytes, at);
      const i = this.#above(address);
      if (address === 0 || i >= this.#wanted.length || address <= (this.#nearest[i] as number)) continue;
      this.#nearest[i] = address;
      this.#lines[i] = at;
    }
    for (const [i, at] of this.#lines.entries()) if (at >= 0) this.#names[i] = nameAt(bytes, at);
  }

  results(): readonly (readonly [address: bigint, name: string])[] {
    let nearest = -1;
    let name = '';
    return this.#addresses.map((address, i) => {
      if ((this.#nearest[i] as number) > nearest) {
        nearest = this.#nearest[i] as number;
        name = this.#names[i] as string;
      }
      return [address, (this.#wanted[i] as number) - nearest < LARGEST_FUNCTION ? name : ''];
    });
  }

  /** Index of the lowest address that is not below this one. */
  #above(address: number): number {
    let [low, high] = [0, this.#wanted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#wanted[middle] as number) < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function addressAt(bytes: Buffer, at: number): number {
  let value = 0;
  for (let i = at + ADDRESS - DIGITS; i < at + ADDRESS; i++) {
    const c = bytes[i] as number;
    value = value * 16 + (c < 0x3a ? c - 0x30 : c - 0x57);
  }
  return value;
}

/** Without what the compiler appends to parts and clones of a function: `.cold`, `.isra.0`. */
function nameAt(bytes: Buffer, at: number): string {
  const line = bytes.toString('latin1', at + ADDRESS + 3, bytes.indexOf(NEWLINE, at));
  return /^[^.\t]*/.exec(line)?.[0] ?? '';
}
