// SPDX-License-Identifier: Apache-2.0
// Struct layouts (through BTF) and constants of the UAPI headers that are installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BtfType, layoutsOf } from './btf.ts';
import type { Layout } from './model.ts';
import { HEADERS, PREFIXES } from './wanted.ts';

/** Constants with a wanted prefix, and error numbers. */
const WANTED = new RegExp(`^(${PREFIXES.join('|')})_|^E[A-Z0-9]+$`);

const includes = HEADERS.map((header) => `#include <${header}>\n`).join('');

/** What the headers say. */
export interface Headers {
  /** Layout by C name; undefined when the headers lack the struct. */
  layout(name: string): Layout | undefined;
  /** Every enumerator and integer macro of the headers with one of the wanted prefixes. */
  readonly constants: ReadonlyMap<string, number>;
}

/**
 * Compile the headers and read what they define.
 *
 * @param structs C names of the structs whose layouts are wanted.
 */
export function readHeaders(structs: readonly string[]): Headers {
  const dir = mkdtempSync(join(tmpdir(), 'weir-codegen-'));
  try {
    const text = preprocess(dir);
    const present = new Set([...text.matchAll(/\bstruct\s+(\w+)\s*\{/g)].map((match) => match[1] as string));
    const known = structs.filter((name) => present.has(name));
    const names = constantNames(text);
    const types = compile(dir, [...new Set(known)].sort(), names);
    const layouts = layoutsOf(types);
    return { layout: (name) => layouts.get(name), constants: constantsOf(types) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The C library's headers ask for the host's architecture, which the BPF target does not name. */
const TARGET = [
  ...['-target', 'bpf'],
  ...(process.arch === 'arm64'
    ? ['-I/usr/include/aarch64-linux-gnu', '-D__aarch64__']
    : ['-I/usr/include/x86_64-linux-gnu', '-D__x86_64__']),
];

function clang(args: readonly string[]): string {
  return execFileSync('clang', [...TARGET, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function preprocess(dir: string): string {
  const file = join(dir, 'all.c');
  writeFileSync(file, includes);
  return clang(['-E', '-dD', file]);
}

/** Names of enumerators and of object-like macros that match. */
function constantNames(text: string): string[] {
  const names = new Set<string>();
  for (const match of text.matchAll(/^#define (\w+) +(?!["{])(\S.*)$/gm)) names.add(match[1] as string);
  for (const body of text.matchAll(/\benum\b\s*\w*\s*\{([^}]*)\}/g)) {
    const plain = (body[1] as string).replace(/^#.*$/gm, '');
    for (const match of plain.matchAll(/(?:^|,)\s*(\w+)\s*(?==|,|$)/g)) names.add(match[1] as string);
  }
  return [...names].filter((name) => WANTED.test(name)).sort();
}

/** One translation unit that uses every struct and constant, as BTF. */
function compile(dir: string, structs: readonly string[], names: readonly string[]): BtfType[] {
  const vars = structs.map((name) => `struct ${name} v_${name};\n`).join('');
  const body = foldable(dir, names).map((name) => `C_${name} = (int)(${name}),\n`);
  const source = join(dir, 'unit.c');
  writeFileSync(
    source,
    `${includes}${vars}enum weir_constants {\n${body.join('')}};\nenum weir_constants v_constants;\n`,
  );
  const object = join(dir, 'unit.o');
  clang(['-g', '-O0', '-w', '-c', source, '-o', object]);
  const json = execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  return (JSON.parse(json) as { types: BtfType[] }).types;
}

/**
 * The names that are integer constants: those of one line each about which the compiler does not complain.
 */
function foldable(dir: string, names: readonly string[]): readonly string[] {
  const source = join(dir, 'probe.c');
  writeFileSync(source, includes + names.map((name) => `enum { P_${name} = (int)(${name}) };\n`).join(''));
  const probe = spawnSync('clang', [...TARGET, '-fsyntax-only', '-w', '-ferror-limit=0', source], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const complaints = [...probe.stderr.matchAll(/probe\.c:(\d+):\d+: error/g)];
  const bad = new Set(complaints.map((match) => Number(match[1]) - 1 - HEADERS.length));
  return names.filter((_, i) => !bad.has(i));
}

function constantsOf(types: readonly BtfType[]): ReadonlyMap<string, number> {
  const found = types.find((type) => type.kind === 'ENUM' && type.name === 'weir_constants');
  return new Map((found?.values ?? []).map(({ name, val }) => [name.slice(2), val]));
}
