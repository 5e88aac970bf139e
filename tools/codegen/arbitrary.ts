// SPDX-License-Identifier: Apache-2.0
// Random decoded values of a model, for round-trip properties.
import fc, { type Arbitrary } from 'fast-check';
import type { Attr, AttrSet, Family, Field, FieldType, Format, IntType, Layout, Value } from './model.ts';

/** Values of a struct: every member but padding and the later members of a union. */
export function arbitraryStruct(layout: Layout): Arbitrary<Record<string, unknown>> {
  const fields = layout.fields.filter((field: Field) => !field.pad && !field.alternative);
  return fc.record(Object.fromEntries(fields.map((field) => [field.prop, fieldValue(field.type)])));
}

function fieldValue(type: FieldType): Arbitrary<unknown> {
  switch (type.t) {
    case 'int':
      return integer(type.int);
    case 'bits':
      return fc.nat(2 ** type.bits - 1);
    case 'chars':
      return fc.string({ unit: 'grapheme-ascii', maxLength: type.length - 1 });
    case 'bytes':
      return fc.uint8Array({ minLength: type.length, maxLength: type.length });
    case 'struct':
      return arbitraryStruct(type.layout);
    case 'array': {
      const [minLength, maxLength] = type.length === 0 ? [0, 3] : [type.length, type.length];
      return fc.array(fieldValue(type.of), { minLength, maxLength });
    }
  }
}

function integer(type: IntType): Arbitrary<number | bigint> {
  if (type === 'uint' || type === 'u64') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  if (type === 'sint' || type === 's64') return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const bits = Number(type.slice(1));
  return type.startsWith('u')
    ? fc.nat(2 ** bits - 1)
    : fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
}

/** Values of an attribute set: any of its attributes, and sometimes one that no table knows. */
export function arbitraryAttrs(family: Family, name: string): Arbitrary<Record<string, unknown>> {
  const set = family.sets.find((candidate) => candidate.name === name) as AttrSet;
  const attrs = set.attrs.filter(({ value }) => value.t !== 'ignore' && value.t !== 'sub');
  const plain: Record<string, Arbitrary<unknown>> = Object.fromEntries(
    attrs.map((attr) => [attr.prop, attrValue(family, attr)]),
  );
  const unknown = fc.record({
    type: fc.integer({ min: 0x3000, max: 0x3fff }),
    data: fc.uint8Array({ maxLength: 9 }),
  });
  plain['unknown'] = fc.array(unknown, { minLength: 1, maxLength: 2 });
  const rest = fc.record(plain, { requiredKeys: [] }).map(fewer);
  return fc.tuple(rest, subMessages(family, set)).map(([a, b]) => ({ ...a, ...b }));
}

/** At most four keys: sets have up to a hundred attributes. */
function fewer(value: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const first = entries.length === 0 ? 0 : (entries[0]?.[0].length ?? 0) % entries.length;
  return Object.fromEntries([...entries.slice(first), ...entries.slice(0, first)].slice(0, 4));
}

/** For each selector one kind, and what belongs to it. */
function subMessages(family: Family, set: AttrSet): Arbitrary<Record<string, unknown>> {
  const choices = set.attrs.flatMap((attr) => {
    const { value } = attr;
    if (value.t !== 'sub' || !set.attrs.some((other) => other.prop === value.selector)) return [];
    const formats = family.subs.find((sub) => sub.name === value.sub)?.formats ?? [];
    return formats.map((format) =>
      formatValue(family, format).map((body) => ({
        [value.selector]: format.number ?? format.kind,
        [attr.prop]: { kind: format.kind, ...body },
      })),
    );
  });
  return choices.length === 0 ? fc.constant({}) : fc.oneof(fc.constant({}), ...choices);
}

function formatValue(family: Family, format: Format): Arbitrary<Record<string, unknown>> {
  const layout = family.structs.find((candidate) => candidate.name === format.header);
  const attrs = format.set === undefined ? fc.constant({}) : arbitraryAttrs(family, format.set);
  if (layout === undefined) return attrs;
  const header = arbitraryStruct(layout).map((value) => ({ header: value }));
  if (format.either) return fc.oneof(header, attrs);
  return fc.tuple(header, attrs).map(([a, b]) => ({ ...a, ...b }));
}

function attrValue(family: Family, { value, multi }: Attr): Arbitrary<unknown> {
  if (value.t === 'keyed') return keyedValue(family, value);
  const one = plainValue(family, value);
  return multi ? fc.array(one, { minLength: 1, maxLength: 3 }) : one;
}

function keyedValue(family: Family, value: Value & { t: 'keyed' }): Arbitrary<unknown> {
  const keys = fc.record(
    Object.fromEntries(value.keys.map((key) => [key, fc.integer({ min: 1, max: 200 })])),
  );
  const of = value.of;
  const body =
    of.t === 'nest' ? arbitraryAttrs(family, of.set) : plainValue(family, of).map((v) => ({ value: v }));
  return fc.array(
    fc.tuple(keys, body).map(([a, b]) => ({ ...a, ...(b as object) })),
    { minLength: 1, maxLength: 3 },
  );
}

function plainValue(family: Family, value: Value): Arbitrary<unknown> {
  switch (value.t) {
    case 'int':
      return integer(value.int);
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0'));
    case 'bytes':
      return fc.uint8Array({ maxLength: 20 });
    case 'flag':
      return fc.constant(true);
    case 'bitfield32':
      return fc.record({ value: integer('u32'), selector: integer('u32') });
    case 'ints':
      return fc.array(integer(value.int), { maxLength: 5 });
    case 'struct':
      return arbitraryStruct(structOf(family, value.struct));
    case 'structs':
      return fc.array(arbitraryStruct(structOf(family, value.struct)), { maxLength: 3 });
    case 'nest':
      return arbitraryAttrs(family, value.set);
    case 'headed':
      return headedValue(family, value);
    case 'records':
      return fc.array(headedValue(family, value), { maxLength: 3 });
    case 'array':
      return fc.array(plainValue(family, value.of), { maxLength: 3 });
    default:
      throw new Error(`no arbitrary for ${value.t}`);
  }
}

/** The length of a record is the encoder's to say. */
function headedValue(
  family: Family,
  value: { readonly header: string; readonly set: string },
): Arbitrary<unknown> {
  const header = arbitraryStruct(structOf(family, value.header)).map(({ rtnhLen: _, ...rest }) => rest);
  return fc.tuple(header, arbitraryAttrs(family, value.set)).map(([a, b]) => ({ header: a, ...b }));
}

function structOf(family: Family, name: string): Layout {
  return family.structs.find((candidate) => candidate.name === name) as Layout;
}
