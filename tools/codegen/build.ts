// SPDX-License-Identifier: Apache-2.0
// From a spec and the headers to the model of a family.
import type { Headers } from './headers.ts';
import type {
  Attr, AttrSet, Constant, ConstantGroup, Family, Format, IntType, Layout, SubMessage, Value,
} from './model.ts'; // biome-ignore format: a list
import { camel, cName, upper } from './names.ts';
import type { Spec, SpecAttr, SpecDefinition, SpecSet } from './spec.ts';
import { specLayout } from './spec-layout.ts';

/** Build the model of one family. */
export function buildFamily(spec: Spec, headers: Headers): Family {
  const sets = spec['attribute-sets'].map((set) => buildSet(spec, set));
  return {
    name: spec.name,
    enums: [...commandsOf(spec), ...enumsOf(spec), ...constantsOf(spec, headers)],
    structs: structsOf(spec, headers),
    sets,
    subs: spec['sub-messages'].map(buildSub),
  };
}

/** Names of all structs that a spec speaks of, as C names. */
export function structNames(spec: Spec): string[] {
  const defined = spec.definitions.filter((def) => def.type === 'struct').map((def) => def.name);
  return [...new Set([...defined, ...spec.structs].map(cName))];
}

function structsOf(spec: Spec, headers: Headers): readonly Layout[] {
  const layouts = new Map<string, Layout>();
  for (const name of structNames(spec)) {
    const def = spec.definitions.find(
      (candidate) => candidate.type === 'struct' && cName(candidate.name) === name,
    );
    const fromHeaders = headers.layout(name);
    const useSpec = def !== undefined && spec['struct-differences'][def.name]?.use === 'spec';
    const layout = fromHeaders === undefined || useSpec ? fromSpec(spec, def, name) : fromHeaders;
    addWithParts(layouts, layout);
  }
  return [...layouts.values()];
}

function fromSpec(spec: Spec, def: SpecDefinition | undefined, name: string): Layout {
  if (def === undefined)
    throw new Error(`${spec.name}: struct ${name} is neither in the headers nor in the spec`);
  return specLayout(spec, def);
}

/** A struct after the structs that it holds. */
function addWithParts(layouts: Map<string, Layout>, layout: Layout): void {
  for (const { type } of layout.fields) {
    const inner = type.t === 'array' ? type.of : type;
    if (inner.t === 'struct' && inner.layout.name !== '(anon)') addWithParts(layouts, inner.layout);
  }
  if (!layouts.has(layout.name)) layouts.set(layout.name, layout);
}

function buildSet(spec: Spec, set: SpecSet): AttrSet {
  const parent = spec['attribute-sets'].find((candidate) => candidate.name === set['subset-of']);
  if (set['subset-of'] !== undefined && parent === undefined)
    throw new Error(`${set.name} is a subset of nothing`);
  const numbered = numberAttrs(parent ?? set);
  const chosen =
    parent === undefined
      ? numbered
      : set.attributes.map(
          (attr) => ({ ...numbered.find((n) => n.name === attr.name), ...attr }) as Numbered,
        );
  const attrs = chosen.map((attr) => buildAttr(spec, parent ?? set, attr));
  return { name: set.name, attrs: attrs.sort((a, b) => a.type - b.type) };
}

type Numbered = SpecAttr & { readonly number: number };

function numberAttrs(set: SpecSet): Numbered[] {
  let next = 1;
  return set.attributes.map((attr) => {
    const number = attr.value ?? next;
    next = number + 1;
    return { ...attr, number };
  });
}

function buildAttr(spec: Spec, set: SpecSet, attr: Numbered): Attr {
  if (attr.type === undefined) throw new Error(`${spec.name}: ${set.name}.${attr.name} has no type`);
  return {
    prop: camel(attr.name),
    cname: attr.cname ?? attrPrefix(spec, set, attr) + upper(attr.name),
    type: attr.number,
    value: attrValue(attr),
    multi: attr['multi-attr'] === true,
  };
}

function attrPrefix(spec: Spec, set: SpecSet, attr: SpecAttr): string {
  const own = attr['name-prefix'] ?? set['name-prefix'];
  const given = spec.prefixes[set.name];
  if (given !== undefined) return given;
  if (own !== undefined) return `${upper(own)}_`;
  if (spec.name === 'tc') return `${upper(set.name.replace(/^tca?-/, 'tca-').replace(/-?attrs$/, ''))}_`;
  if (spec.name === 'ethtool') return `ETHTOOL_A_${upper(set.name)}_`;
  if (spec.name === 'netdev') return `NETDEV_A_${upper(set.name)}_`;
  throw new Error(`${spec.name}: the C prefix of ${set.name} is unknown; name it in the overlay`);
}

const INTS = new Set(['u8', 'u16', 'u32', 'u64', 's8', 's16', 's32', 's64', 'uint', 'sint']);

function attrValue(attr: SpecAttr): Value {
  const type = attr.type as string;
  const be = attr['byte-order'] === 'big-endian';
  if (attr['type-value'] !== undefined)
    return { t: 'keyed', keys: attr['type-value'].map(camel), of: leafOf(attr, type, be) };
  switch (type) {
    case 'pad':
    case 'unused':
      return { t: 'ignore' };
    case 'indexed-array': {
      const of = leafOf({ ...attr, 'type-value': [] }, attr['sub-type'] as string, be);
      return { t: 'array', of, base: attr['index-base'] ?? 1 };
    }
    case 'sub-message':
      return { t: 'sub', sub: attr['sub-message'] as string, selector: camel(attr.selector as string) };
    case 'records':
      return {
        t: 'records',
        header: cName(attr['fixed-header'] as string),
        set: attr['nested-attributes'] as string,
      };
    case 'binary':
      return binaryOf(attr, be);
    default:
      return leafOf(attr, type, be);
  }
}

function binaryOf(attr: SpecAttr, be: boolean): Value {
  const sub = attr['sub-type'];
  if (sub === 'struct') return { t: 'structs', struct: cName(attr.struct as string) };
  if (attr.struct) return { t: 'struct', struct: cName(attr.struct) };
  if (sub === undefined || sub === 'u8') return { t: 'bytes' };
  return { t: 'ints', int: sub as IntType, be };
}

function leafOf(attr: SpecAttr, type: string, be: boolean): Value {
  if (INTS.has(type)) return { t: 'int', int: type as IntType, be };
  switch (type) {
    case 'string':
    case 'flag':
    case 'bitfield32':
      return { t: type };
    case 'binary':
      return { t: 'bytes' };
    case 'nest':
    case 'nest-type-value': {
      const set = attr['nested-attributes'] as string;
      const header = attr['fixed-header'];
      return header === undefined ? { t: 'nest', set } : { t: 'headed', header: cName(header), set };
    }
    default:
      throw new Error(`attribute ${attr.name}: type ${type} is not understood`);
  }
}

function buildSub(sub: Spec['sub-messages'][number]): SubMessage {
  return {
    name: sub.name,
    formats: sub.formats.map(
      (format): Format => ({
        kind: format.value,
        ...(format.number === undefined ? {} : { number: format.number }),
        ...(format['fixed-header'] === undefined ? {} : { header: cName(format['fixed-header']) }),
        ...(format['attribute-set'] === undefined ? {} : { set: format['attribute-set'] }),
        ...(format.either ? { either: true } : {}),
      }),
    ),
  };
}

function commandsOf(spec: Spec): ConstantGroup[] {
  const list = spec.operations?.list ?? [];
  return Object.entries(spec.commands).map(([name, prefix]) => ({
    name,
    constants: list.map((operation, i): Constant => ({ name: prefix + upper(operation.name), value: i + 1 })),
  }));
}

function enumsOf(spec: Spec): ConstantGroup[] {
  return spec.definitions.flatMap((def) => {
    const prefix = spec['enum-prefixes'][def.name];
    if (def.type === 'struct' || def.type === 'const' || !prefix) return [];
    let next = def['value-start'] ?? 0;
    const constants = (def.entries ?? []).map((entry): Constant => {
      const [name, value] = typeof entry === 'string' ? [entry, undefined] : [entry.name, entry.value];
      const number = value ?? next;
      next = number + 1;
      return { name: prefix + upper(name), value: def.type === 'flags' ? 2 ** number : number };
    });
    return [{ name: upper(def.name), constants }];
  });
}

function constantsOf(spec: Spec, headers: Headers): ConstantGroup[] {
  const names = new Set([...Object.keys(spec.constants), ...Object.keys(spec['extra-constants'])]);
  return [...names].map((name) => {
    const pattern = spec.constants[name];
    const found =
      pattern === undefined ? [] : [...headers.constants].filter(([key]) => new RegExp(pattern).test(key));
    const values = new Map(found.filter(([key]) => !/_+MAX$|^__/.test(key)));
    for (const [key, value] of Object.entries(spec['extra-constants'][name] ?? {})) values.set(key, value);
    const constants = [...values].map(
      ([key, value]): Constant => ({ name: key, value: value < 0 ? value >>> 0 : value }),
    );
    if (constants.length === 0) throw new Error(`${spec.name}: no constant matches ${pattern}`);
    return { name, constants: constants.sort((a, b) => a.value - b.value || (a.name < b.name ? -1 : 1)) };
  });
}
