// SPDX-License-Identifier: Apache-2.0
// Layout of a struct as a spec has it: members one behind the other, naturally aligned as C does it.
import type { Field, FieldType, IntType, Layout } from './model.ts';
import { camel, cName } from './names.ts';
import type { Spec, SpecDefinition, SpecMember } from './spec.ts';

/** Lay out a spec's struct by the rules of C. Used for structs that the headers lack, and by the gate. */
export function specLayout(spec: Spec, def: SpecDefinition): Layout {
  const fields: Field[] = [];
  let offset = 0;
  let widest = 1;
  for (const member of def.members ?? []) {
    const { type, size, align } = memberType(spec, member);
    offset = Math.ceil(offset / align) * align;
    fields.push({ prop: camel(member.name), offset, type, alternative: false, pad: member.type === 'pad' });
    offset += size;
    widest = Math.max(widest, align);
  }
  return { name: cName(def.name), size: Math.ceil(offset / widest) * widest, fields };
}

function memberType(spec: Spec, member: SpecMember): { type: FieldType; size: number; align: number } {
  if (member.type === 'pad')
    return { type: { t: 'bytes', length: member.len ?? 1 }, size: member.len ?? 1, align: 1 };
  if (member.type === 'binary' && member.struct !== undefined) {
    const layout = innerLayout(spec, member.struct);
    return { type: { t: 'struct', layout }, size: layout.size, align: alignOf(layout) };
  }
  if (member.type === 'binary') {
    const length = member.len ?? 0;
    return { type: { t: 'bytes', length }, size: length, align: 1 };
  }
  const size = Number(member.type.slice(1)) / 8;
  const be = member['byte-order'] === 'big-endian';
  return { type: { t: 'int', int: member.type as IntType, be }, size, align: size };
}

function innerLayout(spec: Spec, name: string): Layout {
  const def = spec.definitions.find((candidate) => candidate.name === name);
  if (def === undefined) throw new Error(`struct ${name} is not defined`);
  return specLayout(spec, def);
}

function alignOf(layout: Layout): number {
  return layout.fields.reduce((max, { type }) => {
    if (type.t === 'int') return Math.max(max, Number(type.int.slice(1)) / 8);
    return type.t === 'struct' ? Math.max(max, alignOf(type.layout)) : max;
  }, 1);
}
