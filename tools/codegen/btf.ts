// SPDX-License-Identifier: Apache-2.0
// BTF, as bpftool prints it in JSON, to struct layouts.

import type { Field, FieldType, IntType, Layout } from './model.ts';
import { camel } from './names.ts';

/** One type of a BTF dump. */
export interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly nr_bits?: number;
  readonly encoding?: string;
  readonly values?: readonly { readonly name: string; readonly val: number }[];
  readonly members?: readonly BtfMember[];
}

interface BtfMember {
  readonly name: string;
  readonly type_id: number;
  readonly bits_offset: number;
  readonly bitfield_size?: number;
}

/** Layouts of all named structs in a dump, by C name. */
export function layoutsOf(types: readonly BtfType[]): ReadonlyMap<string, Layout> {
  const reader = new Reader(types);
  const layouts = new Map<string, Layout>();
  for (const type of types)
    if (type.kind === 'STRUCT' && type.name !== '(anon)') layouts.set(type.name, reader.layout(type));
  return layouts;
}

class Reader {
  readonly #byId: ReadonlyMap<number, BtfType>;

  constructor(types: readonly BtfType[]) {
    this.#byId = new Map(types.map((type) => [type.id, type]));
  }

  layout(type: BtfType): Layout {
    return { name: type.name, size: type.size ?? 0, fields: this.#fields(type, 0, false) };
  }

  /** Members, with those of anonymous structs and unions lifted into the struct that holds them. */
  #fields(type: BtfType, base: number, alternative: boolean): Field[] {
    const union = type.kind === 'UNION';
    return (type.members ?? []).flatMap((member, index) => {
      const offset = base + (member.bits_offset >> 3);
      const second = alternative || (union && index > 0);
      const target = this.#resolve(member.type_id).type;
      if (member.name === '(anon)') return this.#fields(target, offset, second);
      if (member.bitfield_size) return [this.#bits(member, base, second)];
      const pad = /(^|_)(pad|reserved|resvd|unused)_*\d*$/i.test(member.name);
      return [
        { prop: camel(member.name), offset, type: this.#type(member.type_id), alternative: second, pad },
      ];
    });
  }

  #bits(member: BtfMember, base: number, alternative: boolean): Field {
    const offset = base + (member.bits_offset >> 3);
    const bits = member.bitfield_size as number;
    if ((member.bits_offset & 7) + bits > 8) throw new Error(`bit field ${member.name} crosses a byte`);
    return {
      prop: camel(member.name),
      offset,
      alternative,
      pad: false,
      type: { t: 'bits', bit: member.bits_offset & 7, bits },
    };
  }

  #type(id: number): FieldType {
    const { type, be } = this.#resolve(id);
    switch (type.kind) {
      case 'INT':
        return { t: 'int', int: intType(type), be };
      case 'ENUM':
        return { t: 'int', int: 'u32', be: false };
      case 'STRUCT':
      case 'UNION':
        return { t: 'struct', layout: this.layout(type) };
      case 'ARRAY':
        return this.#array(type);
      default:
        throw new Error(`BTF kind ${type.kind} (${type.name}) is not understood`);
    }
  }

  #array(type: BtfType): FieldType {
    const of = this.#type(type.type_id as number);
    const length = type.nr_elems ?? 0;
    // Big-endian arrays are addresses.
    if (of.t === 'int' && of.be && length > 0) return { t: 'bytes', length: this.#size(type.id) };
    const element = this.#resolve(type.type_id as number).type;
    if (of.t === 'int' && length > 0 && element.size === 1)
      return element.name === 'char' ? { t: 'chars', length } : { t: 'bytes', length };
    return { t: 'array', of, size: this.#size(type.type_id as number), length };
  }

  #size(id: number): number {
    const { type } = this.#resolve(id);
    return type.kind === 'ARRAY'
      ? (type.nr_elems ?? 0) * this.#size(type.type_id as number)
      : (type.size ?? 0);
  }

  /** Behind typedefs and qualifiers. The name of a typedef tells the byte order. */
  #resolve(id: number): { type: BtfType; be: boolean } {
    let be = false;
    let type = this.#byId.get(id);
    while (type !== undefined && ['TYPEDEF', 'CONST', 'VOLATILE'].includes(type.kind)) {
      be ||= /^__be(16|32|64)$/.test(type.name);
      type = this.#byId.get(type.type_id as number);
    }
    if (type === undefined) throw new Error(`BTF type ${id} is missing`);
    return { type, be };
  }
}

function intType(type: BtfType): IntType {
  const sign = type.encoding === 'SIGNED' ? 's' : 'u';
  const bits = (type.size ?? 4) * 8;
  return (type.name === 'char' ? 'u8' : `${sign}${bits}`) as IntType;
}
