// SPDX-License-Identifier: Apache-2.0
// Who gives away numbers and places in arrays. What the datapath may still look at is not given away anew too early.

/** Epochs that a number rests after it became free. */
const REST = 2;

const NOTHING_KEPT: ReadonlyMap<string, number> = new Map();

/** The epoch that is being made; numbers of epochs that were never in force do not rest. */
export interface Epochs {
  /** The one that is being made. */
  readonly epoch: number;
}

/** Numbers from `from` on. */
export class Numbers {
  readonly #epochs: Epochs;
  readonly #resting: { readonly number: number; readonly from: number }[] = [];
  #fresh = new Set<number>();
  readonly #free: number[] = [];
  /** Numbers of an earlier compiler that nobody has claimed yet. */
  readonly #kept: Map<string, number>;
  #next: number;
  #used = 0;

  /** @param kept Numbers that things had, by what they are: they get them back. */
  constructor(epochs: Epochs, from: number, kept: ReadonlyMap<string, number> = NOTHING_KEPT) {
    this.#epochs = epochs;
    this.#kept = new Map(kept);
    this.#next = from;
    const taken = new Set(kept.values());
    for (const number of taken) this.#next = Math.max(this.#next, number + 1);
    if (taken.size > 0)
      for (let number = this.#next - 1; number >= from; number--)
        if (!taken.has(number)) this.#free.push(number);
  }

  /** The number that this had before; undefined if it had none. */
  claim(what: string): number | undefined {
    const number = this.#kept.get(what);
    if (number === undefined) return undefined;
    this.#kept.delete(what);
    this.#used++;
    return number;
  }

  /** What nobody has claimed by now is free, like what was released. */
  forgetKept(): void {
    for (const number of new Set(this.#kept.values()))
      this.#resting.push({ number, from: this.#epochs.epoch + REST });
    this.#kept.clear();
  }

  /** One behind the highest number that was ever given away. */
  get end(): number {
    return this.#next;
  }

  /** Numbers that are given away. */
  get used(): number {
    return this.#used;
  }

  take(): number {
    this.#wake();
    const number = this.#free.pop() ?? this.#next++;
    this.#fresh.add(number);
    this.#used++;
    return number;
  }

  release(number: number): void {
    this.#used--;
    if (this.#fresh.delete(number)) this.#free.push(number);
    else this.#resting.push({ number, from: this.#epochs.epoch + REST });
  }

  /** What was given away is in force. */
  accept(): void {
    this.#fresh = new Set();
  }

  #wake(): void {
    while (this.#resting.length > 0 && (this.#resting[0]?.from ?? 0) <= this.#epochs.epoch)
      this.#free.push((this.#resting.shift() as { number: number }).number);
  }
}

/** Runs of records in an array. */
export class Places {
  readonly #epochs: Epochs;
  readonly #resting: { readonly first: number; readonly size: number; readonly from: number }[] = [];
  #fresh = new Set<number>();
  /** Free runs by their size. */
  readonly #free = new Map<number, number[]>();
  #end = 0;

  constructor(epochs: Epochs) {
    this.#epochs = epochs;
  }

  /** Records that the array must have. */
  get end(): number {
    return this.#end;
  }

  /** A place for `count` records. */
  take(count: number): number {
    this.#wake();
    const size = sizeOf(count);
    const first = this.#free.get(size)?.pop() ?? this.#cut(size) ?? this.#grow(size);
    this.#fresh.add(first);
    return first;
  }

  release(first: number, count: number): void {
    const size = sizeOf(count);
    if (this.#fresh.delete(first)) this.#put(first, size);
    else this.#resting.push({ first, size, from: this.#epochs.epoch + REST });
  }

  accept(): void {
    this.#fresh = new Set();
  }

  #put(first: number, size: number): void {
    const known = this.#free.get(size);
    if (known === undefined) this.#free.set(size, [first]);
    else known.push(first);
  }

  /** A piece of a larger run, of which little is wasted. */
  #cut(size: number): number | undefined {
    for (const [larger, runs] of this.#free) {
      if (larger < size || runs.length === 0 || !isSize(larger - size)) continue;
      const first = runs.pop() as number;
      if (larger > size) this.#put(first + size, larger - size);
      return first;
    }
    return undefined;
  }

  #grow(size: number): number {
    const first = this.#end;
    this.#end += size;
    return first;
  }

  #wake(): void {
    while (this.#resting.length > 0 && (this.#resting[0]?.from ?? 0) <= this.#epochs.epoch) {
      const { first, size } = this.#resting.shift() as { first: number; size: number };
      this.#put(first, size);
    }
  }
}

/** Few sizes, so that what one leaves fits another: whole fours, and eight steps to the next power of two. */
function sizeOf(count: number): number {
  const step = Math.max(4, 2 ** (31 - Math.clz32(count) - 3));
  return Math.ceil(count / step) * step;
}

function isSize(size: number): boolean {
  return size === 0 || sizeOf(size) === size;
}
