// SPDX-License-Identifier: Apache-2.0
// One struct as an interface, its size, its offsets, a decoder and an encoder.
import type { Field, FieldType, IntType, Layout } from './model.ts';
import { pascal, upper } from './names.ts';

/** TypeScript text of one struct's codec. */
export function emitStruct(layout: Layout): string {
  return [header(layout), decoder(layout), writer(layout), encoder(layout)].join('\n');
}

/** Is an integer of this type a bigint? */
export function isBig(int: IntType): boolean {
  return /64|int/.test(int);
}

const shown = (layout: Layout) => layout.fields.filter((field) => !field.pad);

const flexible = (layout: Layout): Field | undefined =>
  shown(layout).find(({ type }) => type.t === 'array' && type.length === 0);

function header(layout: Layout): string {
  const type = pascal(layout.name);
  const fields = shown(layout).map((field) => `  readonly ${field.prop}: ${fieldType(field.type)};`);
  const offsets = shown(layout).map((field) => `  ${field.prop}: ${field.offset},`);
  return `
/** struct ${layout.name}. */
export interface ${type} {
${fields.join('\n')}
}
/** Bytes of struct ${layout.name}. */
export const ${upper(layout.name)}_SIZE = ${layout.size};
/** Where the members of struct ${layout.name} start. */
export const ${upper(layout.name)}_OFFSET = {
${offsets.join('\n')}
} as const;`;
}

function fieldType(type: FieldType): string {
  switch (type.t) {
    case 'int':
      return isBig(type.int) ? 'bigint' : 'number';
    case 'bits':
      return 'number';
    case 'chars':
      return 'string';
    case 'bytes':
      return 'Uint8Array';
    case 'struct':
      return pascal(type.layout.name);
    case 'array':
      return `readonly ${fieldType(type.of)}[]`;
  }
}

function decoder(layout: Layout): string {
  const type = pascal(layout.name);
  const size = `${upper(layout.name)}_SIZE`;
  const fields = shown(layout).map(
    (field) => `    ${field.prop}: ${read(field.type, `start + ${field.offset}`)},`,
  );
  const text = fields.join('\n');
  return `
/** Decode struct ${layout.name}; what is missing at the end reads as zero. */
export function decode${type}(w: Wire, start: number, end: number): ${type} {
  if (end - start < ${size}) return decode${type}(zeroFilled(w, start, end, ${size}), 0, ${size});
${/\bv\./.test(text) ? '  const v = w.view;\n' : ''}  return {
${text}
  };
}`;
}

/** Name of the DataView's accessor: `BigUint64`. */
function access(int: IntType): string {
  const bits = int.slice(1);
  return `${bits === '64' ? 'Big' : ''}${int.startsWith('s') ? 'Int' : 'Uint'}${bits}`;
}

const order = (type: FieldType & { t: 'int' }) => (type.be || type.int.endsWith('8') ? '' : ', true');

function read(type: FieldType, at: string): string {
  switch (type.t) {
    case 'int':
      return `v.get${access(type.int)}(${at}${order(type)})`;
    case 'bits':
      return `(v.getUint8(${at}) >> ${type.bit}) & ${2 ** type.bits - 1}`;
    case 'chars':
      return `cString(w.bytes, ${at}, ${at} + ${type.length})`;
    case 'bytes':
      return `w.bytes.slice(${at}, ${at} + ${type.length})`;
    case 'struct':
      return `decode${pascal(type.layout.name)}(w, ${at}, ${at} + ${type.layout.size})`;
    case 'array': {
      const last = type.length === 0 ? 'end' : `${at} + ${type.length * type.size}`;
      const item = read(type.of, 's').replaceAll(/\bv\./g, 'x.view.').replaceAll(/\bw\b/g, 'x');
      return `packed(w, ${at}, ${last}, ${type.size}, (x, s) => ${item})`;
    }
  }
}

/**
 * Writes into zeroed memory. Alternatives of a union go first, so that the first member has the last word.
 */
function writer(layout: Layout): string {
  const type = pascal(layout.name);
  const ordered = [
    ...shown(layout).filter((f) => f.alternative),
    ...shown(layout).filter((f) => !f.alternative),
  ];
  const lines = ordered.map((field) => {
    const put = write(
      field.type,
      `at + ${field.offset}`,
      `value.${field.prop}`,
      `${layout.name}.${field.prop}`,
    );
    return `  if (value.${field.prop} !== undefined) ${put};`;
  });
  const text = lines.join('\n');
  return `
function write${type}(out: Encoder, at: number, value: Partial<${type}>): void {
${/\bv\./.test(text) ? '  const v = out.view;\n' : ''}${text}
}`;
}

/** `name` is what an error calls the member. */
function write(type: FieldType, at: string, value: string, name: string): string {
  switch (type.t) {
    case 'int':
      return `v.set${access(type.int)}(${at}, ${checked(type.int, value, name)}${order(type)})`;
    case 'bits': {
      const mask = 2 ** type.bits - 1;
      return `v.setUint8(${at}, v.getUint8(${at}) | ((${value} & ${mask}) << ${type.bit}))`;
    }
    case 'chars':
      return `putChars(out, ${at}, ${type.length}, ${value})`;
    case 'bytes':
      return `out.bytes.set(${value}.subarray(0, ${type.length}), ${at})`;
    case 'struct':
      return `write${pascal(type.layout.name)}(out, ${at}, ${value})`;
    case 'array': {
      const limit = type.length === 0 ? '' : `.slice(0, ${type.length})`;
      const item = write(type.of, `${at} + i * ${type.size}`, 'x', name);
      return `${value}${limit}.forEach((x, i) => { ${item}; })`;
    }
  }
}

function checked(int: IntType, value: string, name: string): string {
  if (int === 'u64') return `fits64(${value}, 0n, MAX_U64, '${name}')`;
  if (int === 's64') return `fits64(${value}, MIN_S64, MAX_S64, '${name}')`;
  const half = 2 ** (Number(int.slice(1)) - 1);
  const [min, max] = int.startsWith('s') ? [-half, half - 1] : [0, 2 * half - 1];
  return `fits(${value}, ${min}, ${max}, '${name}')`;
}

function encoder(layout: Layout): string {
  const type = pascal(layout.name);
  const size = `${upper(layout.name)}_SIZE`;
  const tail = flexible(layout);
  const more = tail?.type.t === 'array' ? ` + (value.${tail.prop}?.length ?? 0) * ${tail.type.size}` : '';
  return `
/** Append struct ${layout.name}; absent members are zero. */
export function encode${type}(out: Encoder, value: Partial<${type}>): void {
  write${type}(out, out.reserve(${size}${more}), value);
}`;
}
