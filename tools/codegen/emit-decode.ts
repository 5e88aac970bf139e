// SPDX-License-Identifier: Apache-2.0
// Decoders of attribute sets and sub-messages.
import { isBig } from './emit-struct.ts';
import type { Attr, AttrSet, Format, IntType, Layout, SubMessage, Value } from './model.ts';
import { camel, pascal, setTable, setType, upper } from './names.ts';

/** What the emitters look up by name. */
export interface Lookup {
  layout(struct: string): Layout;
  sub(name: string): SubMessage;
  set(name: string): AttrSet;
}

/** The selector that a set takes from the set around it: TCA_STATS_APP depends on the TCA_KIND outside. */
export function outerSelector(set: AttrSet): string | undefined {
  const subs = set.attrs.flatMap((attr) => (attr.value.t === 'sub' ? [attr.value.selector] : []));
  return subs.find((selector) => !set.attrs.some((attr) => attr.prop === selector));
}

/**
 * An attribute that can be decoded only when the whole set has been seen: its format depends on another
 * attribute.
 */
function isLate(attr: Attr, lookup: Lookup): boolean {
  return (
    attr.value.t === 'sub' ||
    (attr.value.t === 'nest' && outerSelector(lookup.set(attr.value.set)) !== undefined)
  );
}

/** Name of the function that decodes a set without turning faults into errors. */
const inner = (set: string) => camel(setType(set));

/** Interface of a set's decoded form. */
export function emitInterface(set: AttrSet): string {
  const seen = set.attrs.filter((attr) => attr.value.t !== 'ignore');
  const lines = seen.map((attr) => `  readonly ${attr.prop}?: ${attrType(attr)};`);
  return `
/** Attributes of ${set.name}. */
export interface ${setType(set.name)} {
${[...lines, '  readonly unknown?: readonly UnknownAttr[];'].join('\n')}
}`;
}

function attrType(attr: Attr): string {
  return attr.multi && attr.value.t !== 'keyed'
    ? `readonly ${wrapped(valueType(attr.value))}[]`
    : valueType(attr.value);
}

const wrapped = (type: string) => (/[ &|]/.test(type) ? `(${type})` : type);
const intType = (int: IntType) => (isBig(int) ? 'bigint' : 'number');

function valueType(value: Value): string {
  switch (value.t) {
    case 'int':
      return intType(value.int);
    case 'string':
      return 'string';
    case 'bytes':
      return 'Uint8Array';
    case 'flag':
      return 'true';
    case 'bitfield32':
      return 'Bitfield32';
    case 'ignore':
      return 'never';
    case 'ints':
      return `readonly ${intType(value.int)}[]`;
    case 'struct':
      return pascal(value.struct);
    case 'structs':
      return `readonly ${pascal(value.struct)}[]`;
    case 'nest':
      return setType(value.set);
    case 'headed':
      return `{ readonly header: ${pascal(value.header)} } & ${setType(value.set)}`;
    case 'records':
      return `readonly ({ readonly header: ${pascal(value.header)} } & ${setType(value.set)})[]`;
    case 'sub':
      return pascal(value.sub);
    case 'array':
      return `readonly ${wrapped(valueType(value.of))}[]`;
    case 'keyed': {
      const keys = value.keys.map((key) => `readonly ${key}: number`).join('; ');
      const of = valueType(value.of);
      return value.of.t === 'nest'
        ? `readonly ({ ${keys} } & ${of})[]`
        : `readonly { ${keys}; readonly value: ${of} }[]`;
    }
  }
}

/** Decoder of a set: the exported function, and the one that nests call. */
export function emitDecoder(set: AttrSet, lookup: Lookup): string {
  const type = setType(set.name);
  const cases = set.attrs.map(
    (attr) => `      case ${attr.type}:\n${decodeCase(attr, lookup)}        break;`,
  );
  const subs = set.attrs.filter((attr) => isLate(attr, lookup));
  const outer = outerSelector(set);
  const places = subs.map((attr) => `  let ${attr.prop}At = -1;\n  let ${attr.prop}End = 0;\n`).join('');
  const late = subs.map((attr) => `  ${lateAttr(attr, set, lookup)}\n`).join('');
  const [extra, pass] = outer === undefined ? ['', ''] : [`, ${outer}?: string`, `, ${outer}`];
  return `
/** Decode the attributes of ${set.name} in [start, end). @throws {WeirError} \`DECODE\`. */
export function decode${type}(w: Wire, start: number, end: number, pick?: Pick${extra}): ${type} {
  try {
    return ${inner(set.name)}(w, start, end, pick${pass});
  } catch (fault) {
    throw located(fault, ${setTable(set.name)}, w, start, end);
  }
}

function ${inner(set.name)}(w: Wire, start: number, end: number, pick: Pick | undefined${extra}): ${type} {
  const view = w.view;
  const o: Mutable<${type}> = {};
${places}  for (let at = start; at + 4 <= end; ) {
    const length = view.getUint16(at, true);
    const next = at + length;
    if (length < 4 || next > end) throw cut(at, length, end);
    const type = view.getUint16(at + 2, true) & 0x3fff;
    const p = at + 4;
    at = next + (-length & 3);
    if (pick !== undefined && pick.wants[type] !== 1) continue;
    switch (type) {
${cases.join('\n')}
      default:
        o.unknown = keepUnknown(o.unknown, w, type, p, next);
    }
  }
${late}  return o;
}`;
}

function decodeCase(attr: Attr, lookup: Lookup): string {
  const { value, prop } = attr;
  if (value.t === 'ignore') return '';
  if (isLate(attr, lookup)) return `        ${prop}At = p;\n        ${prop}End = next;\n`;
  const text = expression(value, 'p', 'next', `pick?.sub[${attr.type}]`, lookup);
  if (value.t === 'keyed') return `        o.${prop} = concat(o.${prop}, ${text});\n`;
  return `        o.${prop} = ${attr.multi ? `append(o.${prop}, ${text})` : text};\n`;
}

function expression(value: Value, p: string, e: string, pick: string, lookup: Lookup): string {
  switch (value.t) {
    case 'int':
      return `${value.int}${value.be ? 'be' : ''}(w, ${p}, ${e})`;
    case 'string':
    case 'bytes':
    case 'bitfield32':
      return `${value.t}(w, ${p}, ${e})`;
    case 'flag':
      return 'true';
    case 'ints': {
      const reader = `${value.int}${value.be ? 'be' : ''}`;
      return `packed(w, ${p}, ${e}, ${Number(value.int.slice(1)) / 8}, ${reader})`;
    }
    case 'struct':
      return `decode${pascal(value.struct)}(w, ${p}, ${e})`;
    case 'structs':
      return `packed(w, ${p}, ${e}, ${upper(value.struct)}_SIZE, decode${pascal(value.struct)})`;
    case 'nest':
      return `${inner(value.set)}(w, ${p}, ${e}, ${pick})`;
    case 'headed':
      return headed(value, p, e, pick, lookup);
    case 'records': {
      const item = headed(value, 's', 'e', pick, lookup);
      return `records(w, ${p}, ${e}, ${lookup.layout(value.header).size}, (_, s, e) => (${item}))`;
    }
    case 'array':
      return `indexed(w, ${p}, ${e}, (_, s, e) => ${expression(value.of, 's', 'e', pick, lookup)})`;
    case 'keyed': {
      const keys = value.keys.map((key) => `${key} = 0`).join(', ');
      const text = expression(value.of, 's', 'e', pick, lookup);
      const rest = value.of.t === 'nest' ? `...${text}` : `value: ${text}`;
      const item = `([${keys}], s, e) => ({ ${value.keys.join(', ')}, ${rest} })`;
      return `keyed(w, ${p}, ${e}, ${value.keys.length}, ${item})`;
    }
    default:
      throw new Error(`no expression for ${value.t}`);
  }
}

function headed(
  value: { header: string; set: string },
  p: string,
  e: string,
  pick: string,
  lookup: Lookup,
): string {
  const size = aligned(lookup.layout(value.header).size);
  const attrs = `${inner(value.set)}(w, ${p} + ${size}, ${e}, ${pick})`;
  return `{ header: decode${pascal(value.header)}(w, ${p}, ${e}), ...${attrs} }`;
}

const aligned = (size: number) => (size + 3) & ~3;

function lateAttr(attr: Attr, set: AttrSet, lookup: Lookup): string {
  const place = `w, ${attr.prop}At, ${attr.prop}End`;
  const value = attr.value as Value & { t: 'sub' | 'nest' };
  const pick = `pick?.sub[${attr.type}]`;
  const call =
    value.t === 'nest'
      ? `${inner(value.set)}(${place}, ${pick}, o.${outerSelector(lookup.set(value.set))})`
      : `${camel(value.sub)}(${place}, ${kindOf(value, set, lookup)}, ${pick})`;
  return `if (${attr.prop}At >= 0) o.${attr.prop} = ${call};`;
}

function kindOf(value: Value & { t: 'sub' }, set: AttrSet, lookup: Lookup): string {
  if (outerSelector(set) === value.selector) return value.selector;
  const numeric = lookup.sub(value.sub).formats.some((format) => format.number !== undefined);
  return numeric ? `${upper(value.sub)}_KINDS[o.${value.selector} ?? -1]` : `o.${value.selector}`;
}

/** Type and decoder of a sub-message. */
export function emitSub(sub: SubMessage, lookup: Lookup): string {
  const type = pascal(sub.name);
  const members = sub.formats.map((format) => `  | (${formatType(format)})`);
  const cases = sub.formats.map(
    (format) => `    case '${format.kind}':\n      return ${formatDecode(format, lookup)};`,
  );
  const numbers = sub.formats.filter((format) => format.number !== undefined);
  const kinds = `
const ${upper(sub.name)}_KINDS: Readonly<Record<number, string>> = {
${numbers.map((format) => `  ${format.number}: '${format.kind}',`).join('\n')}
};`;
  return `
/** Formats of ${sub.name}; bytes where the kind is not known. */
export type ${type} =
${members.join('\n')}
  | Uint8Array;
${numbers.length > 0 ? kinds : ''}
function ${camel(sub.name)}(
  w: Wire, start: number, end: number, kind: string | undefined, pick: Pick | undefined,
): ${type} {
  switch (kind) {
${cases.join('\n')}
    default:
      return bytes(w, start, end);
  }
}`;
}

function formatType(format: Format): string {
  const parts = [`readonly kind: '${format.kind}'`];
  if (format.header !== undefined)
    parts.push(`readonly header${format.either ? '?' : ''}: ${pascal(format.header)}`);
  if (format.header !== undefined && format.set === undefined) parts.push('readonly tail?: Uint8Array');
  const set =
    format.header === undefined || format.set !== undefined ? ` & ${setType(format.set ?? 'no-attrs')}` : '';
  return `{ ${parts.join('; ')} }${set}`;
}

function formatDecode(format: Format, lookup: Lookup): string {
  const set = format.set ?? 'no-attrs';
  const pick = `pickFormat(pick, '${format.kind}')`;
  if (format.header === undefined)
    return `{ kind: '${format.kind}', ...${inner(set)}(w, start, end, ${pick}) }`;
  const { size } = lookup.layout(format.header);
  const head = `kind: '${format.kind}', header: decode${pascal(format.header)}(w, start, end)`;
  if (format.either) {
    const attrs = `{ kind: '${format.kind}', ...${inner(set)}(w, start, end, ${pick}) }`;
    return `end - start === ${size} ? { ${head} } : ${attrs}`;
  }
  if (format.set !== undefined)
    return `{ ${head}, ...${inner(set)}(w, start + ${aligned(size)}, end, ${pick}) }`;
  return `{ ${head}, ...tailOf(w, start + ${size}, end) }`;
}
