// SPDX-License-Identifier: Apache-2.0
// Encoders of attribute sets and sub-messages, and their tables.
import { type Lookup, outerSelector } from './emit-decode.ts';
import type { Attr, AttrSet, Format, SubMessage, Value } from './model.ts';
import { pascal, setTable, setType, upper } from './names.ts';

/** Encoder of a set: attributes in the order of their numbers. */
export function emitEncoder(set: AttrSet, lookup: Lookup): string {
  const lines = set.attrs.filter((attr) => attr.value.t !== 'ignore').map((attr) => encodeAttr(attr, lookup));
  return `
/** Append the attributes of ${set.name}. */
export function encode${setType(set.name)}(out: Encoder, value: ${setType(set.name)}): void {
${lines.join('')}  if (value.unknown !== undefined) out.attrUnknown(value.unknown);
}`;
}

function encodeAttr(attr: Attr, lookup: Lookup): string {
  const name = `value.${attr.prop}`;
  if (attr.value.t === 'keyed') {
    const body = keyedItem(attr.value, lookup);
    const item = `{ const m = out.nestBegin(${attr.type}); ${body} out.nestEnd(m); }`;
    return `  if (${name} !== undefined) for (const x of ${name}) ${item}\n`;
  }
  if (attr.multi) {
    const item = statement(attr.value, `${attr.type}`, 'x', lookup);
    return `  if (${name} !== undefined) for (const x of ${name}) ${item}\n`;
  }
  return `  if (${name} !== undefined) ${statement(attr.value, `${attr.type}`, name, lookup)}\n`;
}

function statement(value: Value, type: string, x: string, lookup: Lookup): string {
  switch (value.t) {
    case 'int':
      return `out.attr${pascal(value.int)}${value.be ? 'be' : ''}(${type}, ${x});`;
    case 'string':
    case 'bytes':
    case 'bitfield32':
      return `out.attr${pascal(value.t)}(${type}, ${x});`;
    case 'flag':
      return `out.attrFlag(${type});`;
    case 'ints':
      return within(type, `for (const i of ${x}) out.${value.int}(i);`);
    case 'struct':
      return within(type, `encode${pascal(value.struct)}(out, ${x});`);
    case 'structs':
      return within(type, `for (const i of ${x}) encode${pascal(value.struct)}(out, i);`);
    case 'nest':
      return `{ const n = out.nestBegin(${type}); encode${setType(value.set)}(out, ${x}); out.nestEnd(n); }`;
    case 'headed':
      return `{ const n = out.nestBegin(${type}); ${headed(value, x)} out.nestEnd(n); }`;
    case 'records': {
      const length = 'out.view.setUint16(s, out.length - s, true);';
      return within(type, `for (const r of ${x}) { const s = out.length; ${headed(value, 'r')} ${length} }`);
    }
    case 'array': {
      const item = statement(value.of, `i + ${value.base}`, 'y', lookup);
      const loop = `for (const [i, y] of ${x}.entries()) ${item}`;
      return `{ const a = out.nestBegin(${type}); ${loop} out.nestEnd(a); }`;
    }
    case 'sub':
      return `encode${pascal(value.sub)}(out, ${type}, ${x});`;
    default:
      throw new Error(`no encoder for ${value.t}`);
  }
}

function headed(value: { readonly header: string; readonly set: string }, x: string): string {
  const header = `encode${pascal(value.header)}(out, ${x}.header); out.align();`;
  return `${header} encode${setType(value.set)}(out, ${x});`;
}

/** A payload that is not a nest. */
function within(type: string, body: string): string {
  return `{ const m = out.begin(${type}); ${body} out.nestEnd(m); }`;
}

function keyedItem(value: Value & { t: 'keyed' }, lookup: Lookup): string {
  if (value.of.t !== 'nest') {
    const outer = value.keys.slice(0, -1);
    const last = statement(value.of, `x.${value.keys.at(-1)}`, 'x.value', lookup);
    return wrap(outer, last);
  }
  return wrap(value.keys, `encode${setType(value.of.set)}(out, x);`);
}

function wrap(keys: readonly string[], body: string): string {
  return keys.reduceRight(
    (text, key, i) => `const k${i} = out.nestBegin(x.${key}); ${text} out.nestEnd(k${i});`,
    body,
  );
}

/** Encoder of a sub-message. */
export function emitSubEncoder(sub: SubMessage): string {
  const type = pascal(sub.name);
  const cases = sub.formats.map((format) => `    case '${format.kind}': ${formatEncode(format)}`);
  const nests = sub.formats.some((format) => format.header === undefined);
  return `
function encode${type}(out: Encoder, type: number, value: ${type}): void {
  if (value instanceof Uint8Array) return out.attrBytes(type, value);
  const m = out.${nests ? 'nestBegin' : 'begin'}(type);
  switch (value.kind) {
${cases.join('\n')}
  }
  out.nestEnd(m);
}`;
}

function formatEncode(format: Format): string {
  const attrs = `encode${setType(format.set ?? 'no-attrs')}(out, value); break;`;
  if (format.header === undefined) return attrs;
  const head = `encode${pascal(format.header)}(out, value.header);`;
  if (format.either) return `if (value.header !== undefined) ${head} else ${attrs}`;
  if (format.set !== undefined) return `${head} out.align(); ${attrs}`;
  return `${head} if (value.tail !== undefined) out.raw(value.tail); break;`;
}

/** Table of a set. */
export function emitTable(set: AttrSet, lookup: Lookup): string {
  const rows = set.attrs
    .filter((attr) => attr.value.t !== 'ignore')
    .map((attr) => `    [${attr.type}, '${attr.prop}'${shape(attr.value, lookup)}],`);
  return `
/** Table of ${set.name}. */
export const ${setTable(set.name)}: AttrTable<${setType(set.name)}> = {
  name: '${set.name}',
  rows: [
${rows.join('\n')}
  ],
};`;
}

const aligned = (size: number) => (size + 3) & ~3;

function shape(value: Value, lookup: Lookup): string {
  const table = (set: string) => `table: () => ${setTable(set)}`;
  switch (value.t) {
    case 'nest': {
      const outer = outerSelector(lookup.set(value.set));
      const selector = outer === undefined ? '' : `, selector: '${outer}'`;
      return `, { t: 'nest', header: 0, ${table(value.set)}${selector} }`;
    }
    case 'headed':
    case 'records': {
      const t = value.t === 'headed' ? 'nest' : 'records';
      return `, { t: '${t}', header: ${aligned(lookup.layout(value.header).size)}, ${table(value.set)} }`;
    }
    case 'array':
      return value.of.t === 'nest' ? `, { t: 'array', header: 0, ${table(value.of.set)} }` : '';
    case 'keyed':
      return value.of.t === 'nest'
        ? `, { t: 'keyed', depth: ${value.keys.length}, ${table(value.of.set)} }`
        : '';
    case 'sub': {
      const numeric = lookup.sub(value.sub).formats.some((format) => format.number !== undefined);
      const numbers = numeric ? `, numbers: ${upper(value.sub)}_KINDS` : '';
      const formats = `formats: () => ${upper(value.sub)}_FORMATS${numbers}`;
      return `, { t: 'sub', selector: '${value.selector}', ${formats} }`;
    }
    default:
      return '';
  }
}

/** Formats of a sub-message as data. */
export function emitFormats(sub: SubMessage, lookup: Lookup): string {
  const rows = sub.formats.map((format) => {
    const header =
      format.header === undefined || format.either ? 0 : aligned(lookup.layout(format.header).size);
    const table = format.set === undefined ? '' : `, table: ${setTable(format.set)}`;
    return `  ${format.kind}: { header: ${header}${table} },`;
  });
  return `
/** Formats of ${sub.name} by kind. */
export const ${upper(sub.name)}_FORMATS: Readonly<Record<string, FormatShape>> = {
${rows.join('\n')}
};`;
}
