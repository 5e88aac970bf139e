// SPDX-License-Identifier: Apache-2.0
// The distribution's libbpf through ffi-rs: it reads an object, relocates it for the running kernel and loads it.
// Pointers are numbers, structs are bytes, there are no callbacks; calls take about 10 microseconds each, so that what is
// done often (map operations) goes through bpf(2) instead. Load this module in a worker thread: loading takes milliseconds.
import { readFileSync } from 'node:fs';
import { DataType, define, open } from 'ffi-rs';
import { ERRNO, errnoName } from '../../base/errno.gen.ts';
import { messageOf, WeirError } from '../../base/errors.ts';
import { checked } from '../errno.ts';
import { native } from '../native.ts';

const LIBRARY = 'libbpf';
const FILES = ['libbpf.so.1', 'libbpf.so.0'];
const { I32, I64, String: Text, U32, U8Array: Bytes, Void } = DataType;

/** Result of a call with errno. */
interface WithErrno {
  readonly value: number;
  readonly errnoCode: number;
}

/**
 * A thread that ends unloads the addons that it required, and this one does not survive that: the process would crash.
 * So it stays in memory.
 */
function keepFfi(): void {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  for (const [path] of maps.matchAll(/\/\S.*ffi-rs.*\.node$/gm))
    checked('keep ffi-rs', native().libraryKeep(path));
}

keepFfi();

/** The functions that are used, by their names in libbpf.h. */
export interface Libbpf {
  openMemory(object: Uint8Array, options: Uint8Array): WithErrno;
  load(object: number): number;
  close(object: number): void;
  nextProgram(object: number, before: number): number;
  programName(program: number): string;
  programSection(program: number): string;
  programFd(program: number): number;
  setAutoload(program: number, on: boolean): number;
  setProgramType(program: number, type: number): number;
  setExpectedAttachType(program: number, type: number): number;
  nextMap(object: number, before: number): number;
  mapName(map: number): string;
  mapFd(map: number): number;
  mapType(map: number): number;
  mapKeySize(map: number): number;
  mapValueSize(map: number): number;
  mapMaxEntries(map: number): number;
  mapFlags(map: number): number;
  setMaxEntries(map: number, entries: number): number;
  setInitialValue(map: number, value: Uint8Array): number;
  reuseFd(map: number, fd: number): number;
  version(): string;
}

let loaded: Libbpf | undefined;

/** @throws {WeirError} `BPF_FEATURE` where the library is missing. */
export function libbpf(): Libbpf {
  loaded ??= bind();
  return loaded;
}

function bind(): Libbpf {
  openLibrary();
  const declare = (retType: DataType, paramsType: readonly DataType[], errno = false) => ({
    library: LIBRARY,
    retType,
    paramsType: [...paramsType],
    ...(errno && { errno }),
  });
  const c = define({
    bpf_object__open_mem: declare(I64, [Bytes, I64, Bytes], true),
    bpf_object__load: declare(I32, [I64]),
    bpf_object__close: declare(Void, [I64]),
    bpf_object__next_program: declare(I64, [I64, I64]),
    bpf_program__name: declare(Text, [I64]),
    bpf_program__section_name: declare(Text, [I64]),
    bpf_program__fd: declare(I32, [I64]),
    bpf_program__set_autoload: declare(I32, [I64, I32]),
    bpf_program__set_type: declare(I32, [I64, I32]),
    bpf_program__set_expected_attach_type: declare(I32, [I64, I32]),
    bpf_object__next_map: declare(I64, [I64, I64]),
    bpf_map__name: declare(Text, [I64]),
    bpf_map__fd: declare(I32, [I64]),
    bpf_map__type: declare(I32, [I64]),
    bpf_map__key_size: declare(U32, [I64]),
    bpf_map__value_size: declare(U32, [I64]),
    bpf_map__max_entries: declare(U32, [I64]),
    bpf_map__map_flags: declare(U32, [I64]),
    bpf_map__set_max_entries: declare(I32, [I64, U32]),
    bpf_map__set_initial_value: declare(I32, [I64, Bytes, I64]),
    bpf_map__reuse_fd: declare(I32, [I64, I32]),
    libbpf_set_print: declare(I64, [I64]),
    libbpf_version_string: declare(Text, []),
  }) as unknown as Record<string, (args: readonly unknown[]) => never>;
  const call = (name: string, ...args: readonly unknown[]) =>
    (c[name] as (args: readonly unknown[]) => never)(args);
  call('libbpf_set_print', native().bpfLogFunction());
  return {
    openMemory: (object, options) => call('bpf_object__open_mem', object, object.length, options),
    load: (object) => call('bpf_object__load', object),
    close: (object) => call('bpf_object__close', object),
    nextProgram: (object, before) => call('bpf_object__next_program', object, before),
    programName: (program) => call('bpf_program__name', program),
    programSection: (program) => call('bpf_program__section_name', program),
    programFd: (program) => call('bpf_program__fd', program),
    setAutoload: (program, on) => call('bpf_program__set_autoload', program, on ? 1 : 0),
    setProgramType: (program, type) => call('bpf_program__set_type', program, type),
    setExpectedAttachType: (program, type) => call('bpf_program__set_expected_attach_type', program, type),
    nextMap: (object, before) => call('bpf_object__next_map', object, before),
    mapName: (map) => call('bpf_map__name', map),
    mapFd: (map) => call('bpf_map__fd', map),
    mapType: (map) => call('bpf_map__type', map),
    mapKeySize: (map) => call('bpf_map__key_size', map),
    mapValueSize: (map) => call('bpf_map__value_size', map),
    mapMaxEntries: (map) => call('bpf_map__max_entries', map),
    mapFlags: (map) => call('bpf_map__map_flags', map),
    setMaxEntries: (map, entries) => call('bpf_map__set_max_entries', map, entries),
    setInitialValue: (map, value) => call('bpf_map__set_initial_value', map, value, value.length),
    reuseFd: (map, fd) => call('bpf_map__reuse_fd', map, fd),
    version: () => call('libbpf_version_string'),
  };
}

function openLibrary(): void {
  const problems: string[] = [];
  for (const path of FILES) {
    try {
      open({ library: LIBRARY, path });
      return;
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new WeirError('BPF_FEATURE', {
    feature: 'eBPF',
    problem: `libbpf cannot be opened (${problems[0]}): install the package libbpf1`,
  });
}

const OPTIONS_SIZE = 80;

/**
 * struct bpf_object_open_opts with a buffer for what the verifier says.
 * The buffers must be alive as long as the object is used.
 */
export function openOptions(name: Uint8Array, log: Uint8Array): Uint8Array {
  const options = new Uint8Array(OPTIONS_SIZE);
  const view = new DataView(options.buffer);
  const address = (bytes: Uint8Array) => BigInt(native().bytesAddress(bytes));
  view.setBigUint64(0, BigInt(OPTIONS_SIZE), true);
  view.setBigUint64(8, address(name), true);
  view.setBigUint64(56, address(log), true);
  view.setBigUint64(64, BigInt(log.length), true);
  return options;
}

/** What libbpf printed since the last call, a line each, without its prefix. */
export function printed(): readonly string[] {
  const text = native().bpfLogTake();
  if (typeof text !== 'string') return [];
  return text
    .split('\n')
    .map((line) => line.replace(/^libbpf: /, '').trim())
    .filter((line) => line !== '');
}

/** The name of a libbpf result: a negative errno, or one of its own from 4000 on. */
export function resultName(result: number): string {
  const code = Math.abs(result);
  return code >= 4000 ? `libbpf error ${code}` : errnoName(code || ERRNO.EINVAL);
}
