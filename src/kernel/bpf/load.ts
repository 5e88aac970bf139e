// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { cString } from '../../base/bytes.ts';
import { ERRNO } from '../../base/errno.gen.ts';
import { WeirError } from '../../base/errors.ts';
import { checkBtf } from '../../codec/bpf/btf-check.ts';
import { elfSections } from '../../codec/bpf/elf.ts';
import { patchVariables, type Variables } from '../../codec/bpf/variables.ts';
import { checked } from '../errno.ts';
import { native } from '../native.ts';
import { type Libbpf, libbpf, openOptions, printed, resultName } from './libbpf.ts';
import { DEFAULT_MEMORY, type MapSize, mustFitMemory } from './map-memory.ts';
import { verifierSummary } from './verifier.ts';

/** What is changed in an object before it is loaded. */
export interface LoadOptions {
  /** For messages and for the names of its maps in the kernel. */
  readonly name: string;
  /** Programs that are loaded, by function name; absent: all. */
  readonly programs?: readonly string[];
  /** Type and expected attach type by function name, of sections that libbpf does not know. */
  readonly types?: Readonly<Record<string, { readonly type: number; readonly attachType: number }>>;
  /** Values of `const volatile` variables. */
  readonly variables?: Variables;
  /** Sizes of maps by name. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /** Descriptors of maps that exist and are used instead of new ones, by name. */
  readonly maps?: Readonly<Record<string, number>>;
  /** The same, chosen by what the object says of a map. */
  readonly reuse?: (map: MapShape) => number | undefined;
  /** Bytes that its maps may take; absent: 1 GiB. */
  readonly memory?: number;
}

/** A map as an object describes it. */
export interface MapShape {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** 0 where the kernel decides. */
  readonly maxEntries: number;
}

/** What was loaded: descriptors by name, which the caller closes. */
export interface LoadedObject {
  readonly programs: ReadonlyMap<string, number>;
  readonly maps: ReadonlyMap<string, number>;
}

const LOG_SIZE = 1 << 20;

/**
 * Load an object into the kernel. Nothing is attached, and nothing stays when it fails.
 * @throws {WeirError} `BPF_OBJECT` for what is no usable object, `BPF_VERIFIER` with the verifier's reason in short and
 * its log in the detail `log`, `BPF_FEATURE` where libbpf is missing or the kernel takes no such programs.
 */
export function loadObject(bytes: Uint8Array, options: LoadOptions): LoadedObject {
  const sections = elfSections(bytes);
  const btf = sections.find(({ name }) => name === '.BTF');
  if (btf === undefined)
    throw new WeirError('BPF_OBJECT', { problem: 'it has no BTF: compile it with `clang -g`' });
  const types = checkBtf(btf.bytes);
  const lib = libbpf();
  printed();
  const log = Buffer.alloc(LOG_SIZE);
  const opened = lib.openMemory(bytes, openOptions(Buffer.from(`${options.name}\0`), log));
  if (opened.value === 0) {
    const why = printed().at(-1) ?? resultName(opened.errnoCode);
    throw new WeirError('BPF_OBJECT', { problem: `libbpf cannot open it: ${why}` });
  }
  const object = opened.value;
  try {
    choosePrograms(lib, object, options);
    shapeMaps(lib, object, options, (variables) => patchVariables(sections, types, variables));
    const result = lib.load(object);
    if (result < 0) throw loadError(options, result, cString(log));
    return collect(lib, object);
  } finally {
    lib.close(object);
  }
}

function choosePrograms(lib: Libbpf, object: number, { programs, types = {} }: LoadOptions): void {
  const known = new Set<string>();
  for (const program of each(object, lib.nextProgram)) {
    const name = lib.programName(program);
    known.add(name);
    if (programs !== undefined) must(lib.setAutoload(program, programs.includes(name)), `select ${name}`);
    const type = types[name];
    if (type === undefined) continue;
    must(lib.setProgramType(program, type.type), `set the type of ${name}`);
    must(lib.setExpectedAttachType(program, type.attachType), `set the attach type of ${name}`);
  }
  const missing = programs?.find((name) => !known.has(name));
  if (missing === undefined) return;
  const others = [...known].join(', ') || 'none at all';
  throw new WeirError('BPF_OBJECT', { problem: `it has no program "${missing}", but ${others}` });
}

function shapeMaps(
  lib: Libbpf,
  object: number,
  { variables, maxEntries = {}, maps = {}, reuse, memory = DEFAULT_MEMORY }: LoadOptions,
  constants: (variables: Variables) => Uint8Array,
): void {
  const patched = variables && Object.keys(variables).length > 0 ? constants(variables) : undefined;
  const sizes: MapSize[] = [];
  for (const map of each(object, lib.nextMap)) {
    const name = lib.mapName(map);
    const entries = maxEntries[name];
    if (entries !== undefined) must(lib.setMaxEntries(map, entries), `size the map ${name}`);
    const shape = shapeOf(lib, map, name);
    const fd = maps[name] ?? reuse?.(shape);
    sizes.push({ ...shape, flags: lib.mapFlags(map) });
    if (fd !== undefined) must(lib.reuseFd(map, fd), `keep the map ${name}`);
    // libbpf puts the name of the object before the section's
    if (patched !== undefined && name.endsWith('.rodata'))
      must(lib.setInitialValue(map, patched), 'set its constants');
  }
  mustFitMemory(sizes, memory);
}

function shapeOf(lib: Libbpf, map: number, name: string): MapShape {
  return {
    name,
    type: lib.mapType(map),
    keySize: lib.mapKeySize(map),
    valueSize: lib.mapValueSize(map),
    maxEntries: lib.mapMaxEntries(map),
  };
}

function* each(object: number, next: (object: number, before: number) => number): Generator<number> {
  for (let one = next(object, 0); one !== 0; one = next(object, one)) yield one;
}

function must(result: number, what: string): void {
  if (result >= 0) return;
  const why = printed().at(-1);
  throw new WeirError('BPF_OBJECT', {
    problem: `cannot ${what}: ${resultName(result)}${why === undefined ? '' : ` (${why})`}`,
  });
}

/** Descriptors of their own, so that the object can be closed. */
function collect(lib: Libbpf, object: number): LoadedObject {
  const programs = new Map<string, number>();
  const maps = new Map<string, number>();
  try {
    for (const program of each(object, lib.nextProgram)) {
      const fd = lib.programFd(program);
      if (fd >= 0) programs.set(lib.programName(program), checked('dup', native().fdDup(fd)));
    }
    for (const map of each(object, lib.nextMap)) {
      const fd = lib.mapFd(map);
      if (fd >= 0) maps.set(lib.mapName(map), checked('dup', native().fdDup(fd)));
    }
  } catch (error) {
    for (const fd of [...programs.values(), ...maps.values()]) closeSync(fd);
    throw error;
  }
  return { programs, maps };
}

/** Of a failed load: what the verifier said, else what libbpf printed. */
function loadError({ name }: LoadOptions, result: number, log: string): WeirError {
  const lines = printed();
  const program = lines
    .map((line) => /^prog '([^']+)': BPF program load failed/.exec(line)?.[1])
    .find(Boolean);
  if (program !== undefined && log.includes('processed'))
    return new WeirError('BPF_VERIFIER', { program, problem: verifierSummary(log), log });
  if (program !== undefined && result === -ERRNO.EPERM)
    return new WeirError('BPF_FEATURE', {
      feature: `what the eBPF program ${program} is for`,
      problem:
        'the kernel takes no programs of its kind (EPERM): it was built or started without them, or the agent lacks CAP_BPF or CAP_PERFMON',
    });
  const why = lines.find(
    (line) => !/^failed to load object|ulimit|RLIMIT_MEMLOCK|Retrying without BTF|-- (BEGIN|END)/.test(line),
  );
  return new WeirError('BPF_OBJECT', {
    problem: `${name} cannot be loaded: ${why ?? resultName(result)}`,
    ...(log === '' ? {} : { log }),
  });
}
