// SPDX-License-Identifier: Apache-2.0
// Maps of operators' programs: which ones live on, and what is in them before the program runs.
import { WeirError } from '../../../base/errors.ts';
import type { MapEntry, MapSettings, ProgramObject } from '../../../codec/bpf/program.ts';
import type { BpfMap } from '../../ports.ts';
import type { MapShape } from '../load.ts';
import { MAP_TYPE, openMap } from '../maps.ts';

const ARRAYS: readonly number[] = [MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY];

/** True for the maps of variables (.rodata, .data, .bss): these belong to one version of an object. */
export function isInternal(name: string): boolean {
  return name.includes('.');
}

/** True when the new version of an object can go on with this map. */
export function canKeep(fd: number, shape: MapShape, settings: MapSettings | undefined): boolean {
  if (settings?.keep === false || isInternal(shape.name)) return false;
  const map = openMap(fd);
  const wanted = settings?.max_entries ?? shape.maxEntries;
  return (
    map.type === shape.type &&
    map.keySize === shape.keySize &&
    map.valueSize === shape.valueSize &&
    (wanted === 0 || wanted === map.maxEntries)
  );
}

/** @throws {WeirError} `BPF_OBJECT` for a map that the object does not have. */
export function mustHaveMaps({ maps = {} }: ProgramObject, has: Iterable<string>): void {
  const names = [...has].filter((name) => !isInternal(name));
  for (const name of Object.keys(maps))
    if (!names.includes(name))
      throw refused(`it has no map "${name}", but ${names.join(', ') || 'none at all'}`);
}

/** Write what was asked for, and take out what was asked for by the version before. */
export function fill(
  fds: ReadonlyMap<string, number>,
  { maps = {} }: ProgramObject,
  before: ProgramObject | undefined,
  kept: ReadonlySet<string>,
): void {
  for (const [name, fd] of fds) {
    const wanted = maps[name]?.entries ?? [];
    const old = kept.has(name) ? (before?.maps?.[name]?.entries ?? []) : [];
    if (wanted.length + old.length > 0) fillOne(name, openMap(fd), wanted, old);
  }
}

function fillOne(name: string, map: BpfMap, wanted: readonly MapEntry[], old: readonly MapEntry[]): void {
  const keys = new Set(wanted.map(({ key }) => key));
  for (const { key } of old) if (!keys.has(key)) clear(map, bytesOf(key));
  for (const { key, value } of wanted) {
    const [k, v] = [bytesOf(key), bytesOf(value)];
    if (k.length !== map.keySize)
      throw refused(`keys of its map ${name} have ${map.keySize} bytes, not ${k.length}: ${key}`);
    if (v.length !== map.valueSize)
      throw refused(`values of its map ${name} have ${map.valueSize} bytes, not ${v.length}: ${value}`);
    map.update(k, onEachCpu(map, v));
  }
}

/** Elements of an array are always there. */
function clear(map: BpfMap, key: Uint8Array): void {
  if (ARRAYS.includes(map.type)) map.update(key, new Uint8Array(map.stride * map.cpus));
  else map.delete(key);
}

function onEachCpu({ cpus, stride }: BpfMap, value: Uint8Array): Uint8Array {
  if (cpus === 1) return value;
  const all = new Uint8Array(stride * cpus);
  for (let cpu = 0; cpu < cpus; cpu++) all.set(value, cpu * stride);
  return all;
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function refused(problem: string): WeirError {
  return new WeirError('BPF_OBJECT', { problem });
}
