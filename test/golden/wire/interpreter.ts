// SPDX-License-Identifier: Apache-2.0
// A second decoder, driven by the generator's model instead of generated text: the oracle for the generated
// one.
// It shares no code with it and is written for clarity, not speed.
import type {
  Attr,
  AttrSet,
  Family,
  Field,
  FieldType,
  Format,
  IntType,
  Layout,
  Value,
} from '../../../tools/codegen/model.ts';

/** Thrown for what the generated decoders refuse with `DECODE`. */
export class Refused extends Error {}

type Record_ = Record<string, unknown>;

/** Decodes messages of one family from its model. */
export class Interpreter {
  readonly #family: Family;

  constructor(family: Family) {
    this.#family = family;
  }

  /** Struct `name` at the start of `bytes`. */
  struct(name: string, bytes: Uint8Array): Record_ {
    const layout = this.#family.structs.find((candidate) => candidate.name === name);
    if (layout === undefined) throw new Error(`no struct ${name}`);
    return structOf(layout, bytes);
  }

  /** Attributes of `set`; `outer` is the selector of the set around it. */
  attrs(name: string, bytes: Uint8Array, outer?: unknown): Record_ {
    const set = this.#set(name);
    const result: Record_ = {};
    const late: [Attr, Uint8Array][] = [];
    for (const [type, payload] of tlvs(bytes)) {
      const attr = set.attrs.find((candidate) => candidate.type === type);
      if (attr === undefined) push(result, 'unknown', { type, data: payload });
      else if (attr.value.t !== 'ignore') {
        if (this.#waits(attr)) late.push([attr, payload]);
        else this.#put(result, attr, payload);
      }
    }
    // Of an attribute that comes twice the last one counts.
    for (const [attr, payload] of late) this.#putLate(result, set, attr, payload, outer, late);
    return result;
  }

  #set(name: string): AttrSet {
    const found = this.#family.sets.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no set ${name}`);
    return found;
  }

  #waits(attr: Attr): boolean {
    if (attr.value.t === 'sub') return true;
    return attr.value.t === 'nest' && this.#borrowed(this.#set(attr.value.set)) !== undefined;
  }

  /** Selector that a set needs and does not have itself. */
  #borrowed(set: AttrSet): string | undefined {
    for (const { value } of set.attrs)
      if (value.t === 'sub' && !set.attrs.some((attr) => attr.prop === value.selector)) return value.selector;
    return undefined;
  }

  #putLate(
    result: Record_,
    set: AttrSet,
    attr: Attr,
    payload: Uint8Array,
    outer: unknown,
    all: [Attr, Uint8Array][],
  ) {
    if (all.findLast(([other]) => other === attr)?.[1] !== payload) return;
    if (attr.value.t === 'nest') {
      const selector = this.#borrowed(this.#set(attr.value.set)) as string;
      result[attr.prop] = this.attrs(attr.value.set, payload, result[selector]);
    } else if (attr.value.t === 'sub') {
      const own = set.attrs.some((other) => attr.value.t === 'sub' && other.prop === attr.value.selector);
      result[attr.prop] = this.#sub(attr.value.sub, own ? result[attr.value.selector] : outer, payload);
    }
  }

  #sub(name: string, selector: unknown, payload: Uint8Array): unknown {
    const sub = this.#family.subs.find((candidate) => candidate.name === name);
    const numeric = sub?.formats.some((candidate) => candidate.number !== undefined);
    const format = sub?.formats.find((f) => (numeric ? f.number === selector : f.kind === selector));
    if (format === undefined || selector === undefined) return payload;
    return this.#format(format, payload);
  }

  #format(format: Format, payload: Uint8Array): Record_ {
    const result: Record_ = { kind: format.kind };
    let rest = payload;
    if (format.header !== undefined) {
      const layout = this.#family.structs.find((candidate) => candidate.name === format.header) as Layout;
      if (format.either && payload.length !== layout.size && format.set !== undefined)
        return { ...result, ...this.attrs(format.set, payload) };
      result['header'] = structOf(layout, payload);
      rest = payload.subarray(format.set === undefined ? layout.size : (layout.size + 3) & ~3);
      if (format.either) return result;
      if (format.set === undefined) return rest.length > 0 ? { ...result, tail: rest } : result;
    }
    if (format.set !== undefined) return { ...result, ...this.attrs(format.set, rest) };
    for (const [type, data] of tlvs(rest)) push(result, 'unknown', { type, data });
    return result;
  }

  #put(result: Record_, attr: Attr, payload: Uint8Array): void {
    const { value, prop } = attr;
    if (value.t === 'keyed')
      result[prop] = [
        ...((result[prop] as unknown[]) ?? []),
        ...this.#keyed(value.keys, value.of, payload, {}),
      ];
    else if (attr.multi) push(result, prop, this.#value(value, payload));
    else result[prop] = this.#value(value, payload);
  }

  #keyed(keys: readonly string[], of: Value, payload: Uint8Array, known: Record_): Record_[] {
    const [key, ...more] = keys;
    if (key === undefined) {
      if (of.t === 'nest') return [{ ...known, ...this.attrs(of.set, payload) }];
      return [{ ...known, value: this.#value(of, payload) }];
    }
    return tlvs(payload).flatMap(([type, inner]) => this.#keyed(more, of, inner, { ...known, [key]: type }));
  }

  #value(value: Value, b: Uint8Array): unknown {
    switch (value.t) {
      case 'int':
        return intOf(value.int, value.be, b);
      case 'string':
        return text(b);
      case 'bytes':
        return b;
      case 'flag':
        return true;
      case 'bitfield32':
        return { value: intOf('u32', false, b), selector: intOf('u32', false, need(b, 8).subarray(4)) };
      case 'ints':
        return chunks(b, Number(value.int.slice(1)) / 8).map((chunk) => intOf(value.int, value.be, chunk));
      case 'struct':
        return this.struct(value.struct, b);
      case 'structs': {
        const layout = this.#family.structs.find((candidate) => candidate.name === value.struct) as Layout;
        return chunks(b, layout.size).map((chunk) => structOf(layout, chunk));
      }
      case 'nest':
        return this.attrs(value.set, b);
      case 'headed':
        return this.#headed(value.header, value.set, b);
      case 'records':
        return lengthPrefixed(b, this.#size(value.header)).map((r) =>
          this.#headed(value.header, value.set, r),
        );
      case 'array':
        return tlvs(b).map(([, payload]) => this.#value(value.of, payload));
      default:
        throw new Error(`value ${value.t}`);
    }
  }

  #size(struct: string): number {
    return (this.#family.structs.find((candidate) => candidate.name === struct) as Layout).size;
  }

  #headed(header: string, set: string, b: Uint8Array): Record_ {
    const skip = (this.#size(header) + 3) & ~3;
    return { header: this.struct(header, b), ...this.attrs(set, b.subarray(skip)) };
  }
}

function push(result: Record_, key: string, item: unknown): void {
  result[key] = [...((result[key] as unknown[]) ?? []), item];
}

function need(b: Uint8Array, size: number): Uint8Array {
  if (b.length < size) throw new Refused(`${b.length} of ${size} bytes`);
  return b;
}

function tlvs(b: Uint8Array): [number, Uint8Array][] {
  const list: [number, Uint8Array][] = [];
  let rest = b;
  while (rest.length >= 4) {
    const length = (rest[0] as number) + 256 * (rest[1] as number);
    const type = ((rest[2] as number) + 256 * (rest[3] as number)) % 0x4000;
    if (length < 4 || length > rest.length) throw new Refused(`length ${length} of ${rest.length}`);
    list.push([type, rest.subarray(4, length)]);
    rest = rest.subarray(Math.ceil(length / 4) * 4);
  }
  return list;
}

function lengthPrefixed(b: Uint8Array, least: number): Uint8Array[] {
  const list: Uint8Array[] = [];
  let rest = b;
  while (rest.length > 0) {
    need(rest, least);
    const length = (rest[0] as number) + 256 * (rest[1] as number);
    if (length < least || length > rest.length) throw new Refused(`record of ${length}`);
    list.push(rest.subarray(0, length));
    rest = rest.subarray(Math.ceil(length / 4) * 4);
  }
  return list;
}

function chunks(b: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.floor(b.length / size) }, (_, i) => b.subarray(i * size, (i + 1) * size));
}

function text(b: Uint8Array): string {
  const nul = b.indexOf(0);
  return Buffer.from(nul < 0 ? b : b.subarray(0, nul)).toString('utf8');
}

function intOf(type: IntType, be: boolean, b: Uint8Array): number | bigint {
  if (type === 'uint') return BigInt(intOf(b.length < 8 ? 'u32' : 'u64', be, b));
  if (type === 'sint') return BigInt(intOf(b.length < 8 ? 's32' : 's64', be, b));
  const size = Number(type.slice(1)) / 8;
  const digits = [...need(b, size).subarray(0, size)];
  if (!be) digits.reverse();
  let value = digits.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (type.startsWith('s') && value >= 1n << BigInt(size * 8 - 1)) value -= 1n << BigInt(size * 8);
  return size === 8 ? value : Number(value);
}

function structOf(layout: Layout, bytes: Uint8Array): Record_ {
  const whole = new Uint8Array(Math.max(layout.size, bytes.length));
  whole.set(bytes);
  const shown = layout.fields.filter((field) => !field.pad);
  return Object.fromEntries(shown.map((field) => [field.prop, fieldOf(field, whole)]));
}

function fieldOf({ offset, type }: Field, whole: Uint8Array): unknown {
  return typeOf(type, whole.subarray(offset));
}

function typeOf(type: FieldType, b: Uint8Array): unknown {
  switch (type.t) {
    case 'int':
      return intOf(type.int, type.be, b);
    case 'bits':
      return ((b[0] as number) >> type.bit) % 2 ** type.bits;
    case 'chars':
      return text(b.subarray(0, type.length));
    case 'bytes':
      return b.subarray(0, type.length);
    case 'struct':
      return structOf(type.layout, b.subarray(0, type.layout.size));
    case 'array': {
      const all = type.length === 0 ? b : b.subarray(0, type.length * type.size);
      return chunks(all, type.size).map((chunk) => typeOf(type.of, chunk));
    }
  }
}
