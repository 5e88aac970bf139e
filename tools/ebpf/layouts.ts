// SPDX-License-Identifier: Apache-2.0
// What user space shares with an eBPF object, from the object's own BTF: the keys and values of its maps, and the types
// of variables that are named weir_type_*.
import { BTF_KIND, type Btf, type BtfType } from '../../src/codec/bpf/btf.ts';

/** How a field is stored. */
export type FieldType =
  | { readonly t: 'int'; readonly bytes: 1 | 2 | 4 | 8; readonly signed: boolean }
  | { readonly t: 'bytes'; readonly length: number }
  | { readonly t: 'text'; readonly length: number }
  | { readonly t: 'array'; readonly of: FieldType; readonly size: number; readonly length: number }
  | { readonly t: 'struct'; readonly layout: Layout };

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly type: FieldType;
}

export interface Layout {
  /** In C. */
  readonly name: string;
  readonly size: number;
  readonly fields: readonly Field[];
}

/** A map with a struct as key or value. */
export interface SharedMap {
  readonly name: string;
  readonly key?: Layout;
  readonly value?: Layout;
}

/** Every struct that is shared, inner ones before those that hold them, each once. */
export function sharedLayouts(btf: Btf): readonly Layout[] {
  const found = new Map<string, Layout>();
  const add = (layout: Layout) => {
    for (const { type } of layout.fields) addType(type);
    found.set(layout.name, layout);
  };
  const addType = (type: FieldType): void => {
    if (type.t === 'struct') add(type.layout);
    if (type.t === 'array') addType(type.of);
  };
  for (const { key, value } of sharedMaps(btf)) {
    if (key !== undefined) add(key);
    if (value !== undefined) add(value);
  }
  for (const layout of markedLayouts(btf)) add(layout);
  return [...found.values()];
}

/**
 * The maps of an object.
 * @throws {Error} for a key with a hole: its bytes would be compared with what is not written.
 */
export function sharedMaps(btf: Btf): readonly SharedMap[] {
  return btf.variables('.maps').map(({ name, type }) => {
    const members = new Map(btf.members(btf.resolve(type)).map((one) => [one.name, one.type]));
    const of = (member: string) => {
      const pointer = members.get(member);
      const target = pointer === undefined ? undefined : btf.resolve(btf.resolve(pointer).size);
      return target?.kind === BTF_KIND.STRUCT ? layoutOf(btf, target) : undefined;
    };
    const key = of('key');
    const value = of('value');
    if (key !== undefined) refuseHoles(name, key);
    return { name, ...(key && { key }), ...(value && { value }) };
  });
}

function markedLayouts(btf: Btf): readonly Layout[] {
  return variablesOf(btf, 'weir_type_').map(({ type }) => layoutOf(btf, btf.resolve(btf.resolve(type).size)));
}

/** An enum that user space shares: `members` without what their names begin with in common. */
export interface SharedEnum {
  readonly name: string;
  readonly members: readonly (readonly [name: string, value: number])[];
}

/** Enums of variables that are named weir_enum_*. */
export function sharedEnums(btf: Btf): readonly SharedEnum[] {
  return variablesOf(btf, 'weir_enum_').map(({ name, type }) => ({
    name: name.slice('weir_enum_'.length),
    members: btf.enumerators(btf.resolve(type)),
  }));
}

/** True when user space writes what it shares: the variable weir_encoders says so. */
export function wantsEncoders(btf: Btf): boolean {
  return variablesOf(btf, 'weir_encoders').length > 0;
}

function variablesOf(btf: Btf, prefix: string): readonly { readonly name: string; readonly type: number }[] {
  const all = ['.bss', '.data', '.rodata'].flatMap((section) => btf.variables(section));
  return all.filter(({ name }) => name.startsWith(prefix));
}

function refuseHoles(map: string, key: Layout): void {
  let end = 0;
  for (const { name, offset, size } of key.fields) {
    if (offset !== end)
      throw new Error(`map ${map}: struct ${key.name} has a hole of ${offset - end} bytes before ${name}`);
    end = offset + size;
  }
  if (end !== key.size)
    throw new Error(`map ${map}: struct ${key.name} has a hole of ${key.size - end} bytes at its end`);
}

function layoutOf(btf: Btf, type: BtfType): Layout {
  return { name: type.name, size: type.size, fields: fieldsOf(btf, type, 0) };
}

/** Members; those of structs and unions without a name are lifted into the struct that holds them. */
function fieldsOf(btf: Btf, type: BtfType, base: number): readonly Field[] {
  return btf.members(type).flatMap((member) => {
    if (member.bits > 0) throw new Error(`struct ${type.name}: bit field ${member.name} cannot be decoded`);
    const offset = base + member.bitOffset / 8;
    const target = btf.resolve(member.type);
    if (member.name === '') return fieldsOf(btf, target, offset);
    return [{ name: member.name, offset, size: btf.sizeOf(member.type), type: fieldType(btf, target) }];
  });
}

function fieldType(btf: Btf, type: BtfType): FieldType {
  switch (type.kind) {
    case BTF_KIND.INT:
      return { t: 'int', bytes: type.size as 1 | 2 | 4 | 8, signed: btf.int(type).signed };
    case BTF_KIND.ENUM:
      return { t: 'int', bytes: 4, signed: false };
    case BTF_KIND.PTR:
      return { t: 'int', bytes: 8, signed: false };
    case BTF_KIND.STRUCT:
    case BTF_KIND.UNION:
      return { t: 'struct', layout: layoutOf(btf, type) };
    case BTF_KIND.ARRAY: {
      const { element, length } = btf.array(type);
      const inner = btf.resolve(element);
      if (inner.kind === BTF_KIND.INT && inner.size === 1)
        return { t: inner.name === 'char' ? 'text' : 'bytes', length };
      return { t: 'array', of: fieldType(btf, inner), size: btf.sizeOf(element), length };
    }
    default:
      throw new Error(`${type.name}: BTF kind ${type.kind} cannot be decoded`);
  }
}
