// SPDX-License-Identifier: Apache-2.0
// The kernel's YNL specs, with our overlay laid over them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';

/** An attribute as a spec writes it, and what our overlay adds (`records`, `headed`). */
export interface SpecAttr {
  readonly name: string;
  readonly type?: string;
  readonly value?: number;
  readonly cname?: string;
  /** null in an overlay: not a struct after all. */
  readonly struct?: string | null;
  readonly 'name-prefix'?: string;
  readonly 'sub-type'?: string;
  readonly 'byte-order'?: string;
  readonly 'nested-attributes'?: string;
  readonly 'fixed-header'?: string;
  readonly 'multi-attr'?: boolean;
  readonly 'sub-message'?: string;
  readonly selector?: string;
  readonly 'type-value'?: readonly string[];
  readonly 'index-base'?: number;
}

export interface SpecSet {
  readonly name: string;
  readonly 'name-prefix'?: string;
  readonly 'subset-of'?: string;
  readonly attributes: readonly SpecAttr[];
}

export interface SpecMember {
  readonly name: string;
  readonly type: string;
  readonly len?: number;
  readonly struct?: string;
  readonly 'byte-order'?: string;
}

export interface SpecDefinition {
  readonly name: string;
  readonly type: 'struct' | 'enum' | 'flags' | 'const';
  readonly members?: readonly SpecMember[];
  readonly entries?: readonly (string | { readonly name: string; readonly value?: number })[];
  readonly 'value-start'?: number;
}

export interface SpecFormat {
  readonly value: string;
  readonly number?: number;
  readonly 'fixed-header'?: string;
  readonly 'attribute-set'?: string;
  /** The payload is the header alone if it has that size, else attributes alone. */
  readonly either?: boolean;
}

/** One spec. The part after `sub-messages` exists only in overlays. */
export interface Spec {
  readonly name: string;
  readonly definitions: readonly SpecDefinition[];
  readonly 'attribute-sets': readonly SpecSet[];
  readonly 'sub-messages': readonly { readonly name: string; readonly formats: readonly SpecFormat[] }[];
  readonly operations?: { readonly list: readonly { readonly name: string }[] };
  /** C prefix of a set's constants, where it does not follow from the names. */
  readonly prefixes: Readonly<Record<string, string>>;
  /** Prefix for enumerators of an enum that the spec has; an empty text leaves the enum out. */
  readonly 'enum-prefixes': Readonly<Record<string, string>>;
  /** Structs that only our code needs, such as fixed headers. */
  readonly structs: readonly string[];
  /** Sets and sub-messages that another overlay defines. */
  readonly copies?: {
    readonly from: string;
    readonly sets: readonly string[];
    readonly 'sub-messages': readonly string[];
  };
  /** Objects of command numbers, counted through the operations: name to prefix. */
  readonly commands: Readonly<Record<string, string>>;
  /** Objects of constants from the headers: name to regular expression. */
  readonly constants: Readonly<Record<string, string>>;
  /** Constants newer than the headers, by object. */
  readonly 'extra-constants': Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Why a struct of the spec may differ from the headers, by spec name. */
  readonly 'struct-differences': Readonly<Record<string, StructDifference>>;
  /** Attribute constants that the headers lack: reason to regular expression. */
  readonly 'absent-constants': Readonly<Record<string, string>>;
}

/** A known difference between a spec's struct and the headers. `use` says which one is right. */
export interface StructDifference {
  readonly use: 'headers' | 'spec';
  readonly because: string;
}

/** Folder of the specs below the root of the extracted documentation package. */
export function findSpecs(root: string): string {
  const docs = join(root, 'usr/share/doc');
  for (const name of existsSync(docs) ? readdirSync(docs) : []) {
    const dir = join(docs, name, 'Documentation/netlink/specs');
    if (existsSync(dir)) return dir;
  }
  throw new Error(`no netlink specs below ${root}: extract the Debian package linux-doc-6.12 there`);
}

/** Read the spec of a family, laid under its overlay. Either may be missing, not both. */
export function readSpec(specs: string, overlays: string, family: string): Spec {
  const files = readdirSync(specs);
  const file = files.find((name) => name.replaceAll('_', '-') === `${family}.yaml.gz`);
  const base =
    file === undefined ? undefined : (parse(gunzipSync(readFileSync(join(specs, file))).toString()) as Spec);
  const path = join(overlays, `${family}.yaml`);
  const overlay = existsSync(path) ? (parse(readFileSync(path, 'utf8')) as Partial<Spec>) : undefined;
  if (base === undefined && overlay === undefined)
    throw new Error(`there is neither spec nor overlay for ${family}`);
  const spec = merge(family, base, overlay ?? {});
  return spec.copies === undefined
    ? spec
    : withCopies(spec, readSpec(specs, overlays, spec.copies.from), spec.copies);
}

function withCopies(spec: Spec, from: Spec, copies: NonNullable<Spec['copies']>): Spec {
  const chosen = <T extends { readonly name: string }>(list: readonly T[], names: readonly string[]) =>
    list.filter(({ name }) => names.includes(name));
  return {
    ...spec,
    'attribute-sets': [...spec['attribute-sets'], ...chosen(from['attribute-sets'], copies.sets)],
    'sub-messages': [...spec['sub-messages'], ...chosen(from['sub-messages'], copies['sub-messages'])],
  };
}

function merge(name: string, base: Partial<Spec> | undefined, over: Partial<Spec>): Spec {
  return {
    name,
    definitions: byName(base?.definitions, over.definitions, (_, b) => b),
    'attribute-sets': byName(base?.['attribute-sets'], over['attribute-sets'], mergeSet),
    'sub-messages': byName(base?.['sub-messages'], over['sub-messages'], (a, b) => ({
      ...a,
      formats: [...a.formats.filter((f) => !b.formats.some((g) => g.value === f.value)), ...b.formats],
    })),
    ...(base?.operations === undefined ? {} : { operations: base.operations }),
    prefixes: over.prefixes ?? {},
    'enum-prefixes': over['enum-prefixes'] ?? {},
    structs: over.structs ?? [],
    ...(over.copies === undefined ? {} : { copies: over.copies }),
    commands: over.commands ?? {},
    constants: over.constants ?? {},
    'extra-constants': over['extra-constants'] ?? {},
    'struct-differences': over['struct-differences'] ?? {},
    'absent-constants': over['absent-constants'] ?? {},
  };
}

function mergeSet(a: SpecSet, b: SpecSet): SpecSet {
  return { ...a, ...b, attributes: byName(a.attributes, b.attributes, (x, y) => ({ ...x, ...y })) };
}

function byName<T extends { readonly name: string }>(
  base: readonly T[] | undefined,
  over: readonly T[] | undefined,
  both: (a: T, b: T) => T,
): readonly T[] {
  const list = [...(base ?? [])];
  for (const item of over ?? []) {
    const at = list.findIndex((other) => other.name === item.name);
    if (at < 0) list.push(item);
    else list[at] = both(list[at] as T, item);
  }
  return list;
}
