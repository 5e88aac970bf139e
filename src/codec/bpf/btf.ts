// SPDX-License-Identifier: Apache-2.0
// BPF Type Format (Documentation/bpf/btf.rst): the types of the kernel and of eBPF objects.
import { cString } from '../../base/bytes.ts';
import { WeirError } from '../../base/errors.ts';
import { type Wire, wireOf } from '../../base/wire.ts';

const MAGIC = 0xeb9f;
const TYPE_HEADER = 12;

/** Kinds by number (include/uapi/linux/btf.h BTF_KIND_*). */
export const BTF_KIND = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** Bytes of each of the `vlen` entries behind a type of these kinds. */
const ENTRY: Readonly<Record<number, number>> = {
  [BTF_KIND.STRUCT]: 12,
  [BTF_KIND.UNION]: 12,
  [BTF_KIND.ENUM]: 8,
  [BTF_KIND.FUNC_PROTO]: 8,
  [BTF_KIND.DATASEC]: 12,
  [BTF_KIND.ENUM64]: 12,
};

/** Bytes behind a type whatever its `vlen`. */
const TAIL: Readonly<Record<number, number>> = {
  [BTF_KIND.INT]: 4,
  [BTF_KIND.ARRAY]: 12,
  [BTF_KIND.VAR]: 4,
  [BTF_KIND.DECL_TAG]: 4,
};

/** One type as it stands in BTF. */
export interface BtfType {
  readonly id: number;
  readonly kind: number;
  readonly name: string;
  /** Bytes, of INT, STRUCT, UNION, ENUM, DATASEC, FLOAT; else the id of the type it refers to. */
  readonly size: number;
  readonly vlen: number;
}

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** 0: it is no bit field. */
  readonly bits: number;
}

/** A variable of a section: `.rodata`, `.maps`. */
export interface BtfVariable {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** The types of one BTF blob. Types are decoded when they are asked for: the kernel's has a hundred thousand. */
export class Btf {
  readonly #wire: Wire;
  readonly #strings: number;
  readonly #end: number;
  /** Start of each type by id; 0 is void. */
  readonly #starts: Uint32Array;
  readonly #count: number;

  /** @throws {WeirError} `BPF_OBJECT` for what is no BTF. */
  constructor(bytes: Uint8Array) {
    const wire = wireOf(bytes);
    const { view } = wire;
    if (bytes.length < 24 || view.getUint16(0, true) !== MAGIC)
      throw broken('it does not begin with its magic');
    const header = view.getUint32(4, true);
    const types = header + view.getUint32(8, true);
    const typesEnd = types + view.getUint32(12, true);
    this.#wire = wire;
    this.#strings = header + view.getUint32(16, true);
    this.#end = this.#strings + view.getUint32(20, true);
    if (typesEnd > bytes.length || this.#end > bytes.length) throw broken('it is cut off');
    const starts = new Uint32Array(((typesEnd - types) / TYPE_HEADER + 2) | 0);
    let count = 1;
    for (let at = types; at < typesEnd; count++) {
      if (at + TYPE_HEADER > typesEnd) throw broken(`type ${count} is cut off`);
      starts[count] = at;
      at += TYPE_HEADER + trailing(view.getUint32(at + 4, true));
    }
    this.#starts = starts;
    this.#count = count;
  }

  /** Number of types, void included: ids are below. */
  get length(): number {
    return this.#count;
  }

  /** @throws {WeirError} `BPF_OBJECT` for an id that does not exist. */
  type(id: number): BtfType {
    if (id === 0) return { id, kind: BTF_KIND.VOID, name: 'void', size: 0, vlen: 0 };
    const at = this.#start(id);
    const info = this.#wire.view.getUint32(at + 4, true);
    return {
      id,
      kind: (info >>> 24) & 0x1f,
      name: this.#name(at),
      size: this.#wire.view.getUint32(at + 8, true),
      vlen: info & 0xffff,
    };
  }

  /** The first type of this kind and name. */
  find(kind: number, name: string): BtfType | undefined {
    const { view, bytes } = this.#wire;
    for (let id = 1; id < this.#count; id++) {
      const at = this.#starts[id] as number;
      if (((view.getUint32(at + 4, true) >>> 24) & 0x1f) !== kind) continue;
      if (isNamed(bytes, this.#strings + view.getUint32(at, true), name)) return this.type(id);
    }
    return undefined;
  }

  /** Behind typedefs and qualifiers. */
  resolve(id: number): BtfType {
    const { TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG } = BTF_KIND;
    const through: readonly number[] = [TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG];
    let type = this.type(id);
    for (let depth = 0; through.includes(type.kind); depth++) {
      if (depth > 32) throw broken(`type ${id} refers to itself`);
      type = this.type(type.size);
    }
    return type;
  }

  /** Bytes of a type in memory. */
  sizeOf(id: number): number {
    const type = this.resolve(id);
    if (type.kind === BTF_KIND.PTR) return 8;
    if (type.kind !== BTF_KIND.ARRAY) return type.size;
    const { element, length } = this.array(type);
    return this.sizeOf(element) * length;
  }

  /** Members of a struct or union. */
  members(type: BtfType): readonly BtfMember[] {
    const { view } = this.#wire;
    const at = this.#start(type.id);
    const bitFields = view.getUint32(at + 4, true) >>> 31 === 1;
    return Array.from({ length: type.vlen }, (_, i) => {
      const entry = at + TYPE_HEADER + i * 12;
      const offset = view.getUint32(entry + 8, true);
      return {
        name: this.#name(entry),
        type: view.getUint32(entry + 4, true),
        bitOffset: bitFields ? offset & 0xff_ffff : offset,
        bits: bitFields ? offset >>> 24 : 0,
      };
    });
  }

  /** Name and value of each enumerator; of a 64-bit enum the low half. */
  enumerators(type: BtfType): readonly (readonly [name: string, value: number])[] {
    const step = ENTRY[type.kind] as number;
    const at = this.#start(type.id) + TYPE_HEADER;
    return Array.from({ length: type.vlen }, (_, i) => [
      this.#name(at + i * step),
      this.#wire.view.getUint32(at + i * step + 4, true),
    ]);
  }

  array(type: BtfType): { readonly element: number; readonly length: number } {
    const at = this.#start(type.id) + TYPE_HEADER;
    return {
      element: this.#wire.view.getUint32(at, true),
      length: this.#wire.view.getUint32(at + 8, true),
    };
  }

  /** Types of the parameters of a function prototype. */
  parameters(type: BtfType): readonly number[] {
    const at = this.#start(type.id) + TYPE_HEADER;
    return Array.from({ length: type.vlen }, (_, i) => this.#wire.view.getUint32(at + i * 8 + 4, true));
  }

  /** Size and sign of an integer. */
  int(type: BtfType): { readonly signed: boolean; readonly bits: number } {
    const word = this.#wire.view.getUint32(this.#start(type.id) + TYPE_HEADER, true);
    return { signed: ((word >>> 24) & 1) === 1, bits: word & 0xff };
  }

  /** Variables of a section; none when there is no such section. */
  variables(section: string): readonly BtfVariable[] {
    const found = this.find(BTF_KIND.DATASEC, section);
    if (found === undefined) return [];
    const { view } = this.#wire;
    const at = this.#start(found.id) + TYPE_HEADER;
    return Array.from({ length: found.vlen }, (_, i) => {
      const variable = this.type(view.getUint32(at + i * 12, true));
      return {
        name: variable.name,
        type: variable.size,
        offset: view.getUint32(at + i * 12 + 4, true),
        size: view.getUint32(at + i * 12 + 8, true),
      };
    });
  }

  /** Bytes that stand behind the first twelve of a type. */
  trailing(id: number): number {
    return trailing(this.#wire.view.getUint32(this.#start(id) + 4, true));
  }

  #start(id: number): number {
    if (!(id > 0 && id < this.#count)) throw broken(`there is no type ${id}`);
    return this.#starts[id] as number;
  }

  #name(at: number): string {
    const start = this.#strings + this.#wire.view.getUint32(at, true);
    return start < this.#end ? cString(this.#wire.bytes, start, this.#end) : '';
  }
}

function trailing(info: number): number {
  const kind = (info >>> 24) & 0x1f;
  if (kind > BTF_KIND.ENUM64) throw broken(`kind ${kind} is not known`);
  return TAIL[kind] ?? (ENTRY[kind] ?? 0) * (info & 0xffff);
}

function isNamed(bytes: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return false;
  return bytes[at + name.length] === 0;
}

function broken(problem: string): WeirError {
  return new WeirError('BPF_OBJECT', { problem: `its BTF is broken: ${problem}` });
}
