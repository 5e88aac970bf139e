// SPDX-License-Identifier: Apache-2.0
// Inputs for the fuzz of the decoders: messages that follow the attribute tables, and mutations.
import type { Encoder } from '../../src/codec/encoder.ts';
import type { AttrTable, Shape } from '../../src/codec/table.ts';

/** A small reproducible generator (xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2654435761) >>> 0 || 1;
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return limit <= 0 ? 0 : this.next() % limit;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.next();
    return bytes;
  }
}

/** Attributes of `table`, nested as it says, with payloads of mostly fitting sizes. */
export function grow(random: Random, table: AttrTable, out: Encoder): Uint8Array {
  out.reset();
  growInto(random, table, out, 6);
  return out.payload();
}

function growInto(random: Random, table: AttrTable, out: Encoder, depth: number): void {
  for (let n = random.below(4) + 1; n > 0 && table.rows.length > 0; n--) {
    const [type, , shape] = random.of(table.rows);
    if (shape === undefined || depth === 0)
      out.attrBytes(type, random.bytes(random.of([0, 1, 2, 4, 4, 4, 8, 8, 16, 36])));
    else growShape(random, table, type, shape, out, depth - 1);
  }
}

function growShape(
  random: Random,
  table: AttrTable,
  type: number,
  shape: Shape,
  out: Encoder,
  depth: number,
): void {
  if (shape.t === 'sub') {
    growSub(random, table, type, shape, out, depth);
    return;
  }
  const mark = out.nestBegin(type);
  const levels = shape.t === 'array' ? 1 : shape.t === 'keyed' ? shape.depth : 0;
  const marks = Array.from({ length: levels }, () => out.nestBegin(random.below(40)));
  const record = out.length;
  if (shape.t !== 'keyed') out.raw(random.bytes(shape.header));
  growInto(random, shape.table(), out, depth);
  if (shape.t === 'records') out.view.setUint16(record, out.length - record, true);
  for (const inner of marks.reverse()) out.nestEnd(inner);
  out.nestEnd(mark);
}

function growSub(
  random: Random,
  table: AttrTable,
  type: number,
  shape: Shape & { t: 'sub' },
  out: Encoder,
  depth: number,
): void {
  const [kind, format] = random.of(Object.entries(shape.formats()));
  const selector = table.rows.find((row) => row[1] === shape.selector)?.[0];
  const number = Object.entries(shape.numbers ?? {}).find(([, name]) => name === kind)?.[0];
  if (selector !== undefined && number !== undefined) out.attrU16(selector, Number(number));
  else if (selector !== undefined) out.attrString(selector, kind);
  const mark = out.begin(type);
  out.raw(random.bytes(format.header));
  if (format.table !== undefined) growInto(random, format.table, out, depth);
  out.nestEnd(mark);
}

/** A changed copy: bytes, lengths and ends; one time in ten as it is. */
export function mutate(random: Random, seed: Uint8Array): Uint8Array {
  const kind = random.below(10);
  if (kind === 0) return seed.slice();
  if (kind === 1) return seed.slice(0, random.below(seed.length));
  const bytes = seed.slice();
  for (let n = random.below(3) + 1; n > 0 && bytes.length >= 4; n--) {
    const at = random.below(bytes.length);
    if (kind < 5) bytes[at] = random.next();
    // Where lengths stand: small changes there move everything behind.
    else if (kind < 8) bytes[at & ~3] = (bytes[at & ~3] as number) + random.below(9) - 4;
    else bytes.copyWithin(at & ~3, random.below(bytes.length) & ~3, bytes.length);
  }
  return bytes;
}
