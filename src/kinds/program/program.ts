// SPDX-License-Identifier: Apache-2.0
import type { MapSettings, ProgramObject } from '../../codec/bpf/program.ts';
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import type { Complain, Declared, ObjectClass } from '../object-class.ts';
import { declareAttachments } from './attachment.ts';
import { ProgramItem, type ProgramItemValue } from './schema.ts';

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1 << 10, MiB: 1 << 20, GiB: 1 << 30 };

/**
 * A compiled eBPF object that is loaded and pinned. Its digest says which: another version takes its place in one step, in
 * all attachments, and with the maps that it keeps.
 */
export const program: ObjectClass = {
  name: 'program',
  section: { document: 'Program', name: 'program', schema: ProgramItem, whole: true },
  compare: 'whole',
  declare: (item, complain) => declare(item as ProgramItemValue, complain),
  key: ({ name }) => String(name),
  needs: () => [],
  unseen: ['path', 'signature'],
  // the digest says what it is, wherever it came from
  agrees: (field) => field === 'path',
  write: ({ op, before, after }, to) => {
    if (op === 'remove') to.program({ op: 'remove', name: String(before?.['name']) });
    else to.program({ op: 'install', object: after as unknown as ProgramObject });
  },
  describe: ({ name, digest }) => `program ${name} ${String(digest).slice(0, 19)}`,
};

function declare(item: ProgramItemValue, complain: Complain): readonly Declared[] {
  const { name, object, signature, variables, maps, limits } = item;
  const spec = present({
    name,
    ...object,
    signature,
    variables: unlessEmpty(variables),
    maps: unlessEmpty(canonicalMaps(maps)),
    limits: unlessEmpty(limits && present({ ...limits, memory: bytes(limits.memory) })),
  });
  const version = fingerprint(JSON.stringify(programSpec(spec as unknown as ProgramObject)));
  const places = declareAttachments(name, version, item.attach, complain);
  return [{ class: 'program', spec, path: '' }, ...places];
}

/** In lower case and without what is so anyway. */
function canonicalMaps(maps: ProgramItemValue['maps']): Readonly<Record<string, MapSettings>> | undefined {
  if (maps === undefined) return undefined;
  const entries = Object.entries(maps).map(
    ([name, map]) => [name, canonicalMap(map as MapSettings)] as const,
  );
  return Object.fromEntries(entries.filter(([, map]) => Object.keys(map).length > 0));
}

function canonicalMap({ max_entries, entries = [], keep }: MapSettings): MapSettings {
  const lower = entries.map(({ key, value }) => ({ key: key.toLowerCase(), value: value.toLowerCase() }));
  return present({
    max_entries,
    entries: lower.length === 0 ? undefined : lower,
    keep: keep === false ? false : undefined,
  }) as MapSettings;
}

function bytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = 'B'] = /^(\d+)(\w+)?$/.exec(text) ?? [];
  return Number(count) * (UNITS[unit] ?? 1);
}

function unlessEmpty<T extends object>(value: T | undefined): T | undefined {
  return value === undefined || Object.keys(value).length === 0 ? undefined : value;
}

/** 64 bits of FNV-1a, in hex: tells versions of one program apart, and protects nothing. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++)
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/** The settings of a program in the kernel whose object is not known for sure. */
export function unsureProgram(name: string, why: 'incomplete' | 'damaged' | 'unknown'): Spec {
  return { name, digest: `(${why})` };
}

/** The settings of a program that is loaded. What says only where its object came from is not the kernel's to know. */
export function programSpec({ path: _, signature: __, ...object }: ProgramObject): Spec {
  return { ...object };
}
