// SPDX-License-Identifier: Apache-2.0
// Loading an operator's object and putting it in the place of the version before.
import { closeSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { ProgramObject } from '../../../codec/bpf/program.ts';
import { replaceProgram } from '../links.ts';
import type { LoadedObject, LoadOptions } from '../load.ts';
import { objectInfo } from '../syscall.ts';
import { attachToEvent, isAttached, isFixed } from './attach.ts';
import { functionsIn, typesOf } from './inspect.ts';
import { mustBeWithin } from './limits.ts';
import { canKeep, fill, isInternal, mustHaveMaps } from './maps-of.ts';
import type { ProgramNotes, Shelves } from './notes.ts';
import { type Pins, using } from './pins.ts';

/** What loads objects. */
export type Load = (bytes: Uint8Array, options: LoadOptions) => LoadedObject;

/** The same without what says only where the object came from. */
function essence({ path: _, signature: __, ...rest }: ProgramObject): object {
  return rest;
}

/** True when this very object is what the notes tell of. */
export function isInstalled(notes: ProgramNotes | undefined, netns: string, object: ProgramObject): boolean {
  return (
    notes?.complete === true &&
    notes.netns === netns &&
    isDeepStrictEqual(essence(notes.object), essence(object))
  );
}

/** Load an object and look at it, and let go of it. @throws as `install`. */
export function tryOut(load: Load, object: ProgramObject, bytes: Uint8Array): void {
  closing(load(bytes, optionsOf(object, bytes)), (loaded) => {
    mustHaveMaps(object, loaded.maps.keys());
    mustBeWithin(object, loaded);
    fill(loaded.maps, object, undefined, new Set());
  });
}

/**
 * Load the object with the maps that stay, put its programs into the links, and pin it in the place of the one before.
 * A step that fails before the first link has another program has changed nothing but entries of kept maps.
 */
export function install(
  { pins, notes }: Shelves,
  load: Load,
  netns: string,
  object: ProgramObject,
  bytes: Uint8Array,
): void {
  const { name } = object;
  const before = notes.read(name);
  pins.prepare(name);
  const old = pinnedMaps(pins, name);
  try {
    const kept = new Set<string>();
    const options = optionsOf(object, bytes);
    const reuse: LoadOptions['reuse'] = (shape) => {
      const fd = old.get(shape.name);
      if (fd === undefined || !canKeep(fd, shape, object.maps?.[shape.name])) return undefined;
      kept.add(shape.name);
      return fd;
    };
    closing(load(bytes, { ...options, reuse }), (loaded) => {
      mustHaveMaps(object, loaded.maps.keys());
      mustBeWithin(object, loaded);
      fill(loaded.maps, object, before?.object, kept);
      const attachments = before?.attachments ?? {};
      const found = { netns, object, ...idsOf(loaded), attachments };
      notes.write(name, { ...found, complete: false });
      switchLinks(pins, name, attachments, loaded);
      pinAll(pins, name, loaded);
      notes.write(name, { ...found, complete: true });
    });
  } finally {
    for (const fd of old.values()) closeSync(fd);
  }
}

function optionsOf(object: ProgramObject, bytes: Uint8Array): LoadOptions {
  const { name, variables = {}, maps = {}, limits = {} } = object;
  const sizes = Object.entries(maps).flatMap(([map, { max_entries }]) =>
    max_entries === undefined ? [] : [[map, max_entries] as const],
  );
  const values = Object.entries(variables).map(([variable, value]) => [
    variable,
    typeof value === 'string' ? BigInt(value) : value,
  ]);
  return {
    name,
    types: typesOf(functionsIn(bytes)),
    variables: Object.fromEntries(values),
    maxEntries: Object.fromEntries(sizes),
    ...(limits.memory !== undefined && { memory: limits.memory }),
  };
}

function pinnedMaps(pins: Pins, name: string): ReadonlyMap<string, number> {
  const fds = new Map<string, number>();
  for (const map of pins.list(name, 'maps')) {
    const fd = pins.open(name, 'maps', map);
    if (fd !== undefined) fds.set(map, fd);
  }
  return fds;
}

function idsOf({ programs, maps }: LoadedObject): Pick<ProgramNotes, 'programs' | 'maps'> {
  const ids = (fds: Iterable<readonly [string, number]>) =>
    Object.fromEntries([...fds].map(([name, fd]) => [name, idOf(fd)]));
  return { programs: ids(programs), maps: ids([...maps].filter(([name]) => !isInternal(name))) };
}

/** Id of a program, a map or a link: all have it at the same place. */
export function idOf(fd: number): number {
  return objectInfo(fd).getUint32(4, true);
}

/** A packet meets the old program or the new one; a tracepoint or a function may meet both for a moment. */
function switchLinks(
  pins: Pins,
  name: string,
  attachments: ProgramNotes['attachments'],
  { programs }: LoadedObject,
): void {
  for (const link of pins.list(name, 'links')) {
    const program = programs.get(attachments[link]?.program ?? '');
    const fd = pins.open(name, 'links', link);
    if (fd === undefined) continue;
    using(fd, () => {
      const attachment = attachments[link];
      if (program === undefined || attachment === undefined || !isAttached(fd, attachment)) return;
      if (!isFixed(attachment)) replaceProgram(fd, program);
      else using(attachToEvent(program, attachment), (fresh) => pins.put(name, 'links', link, fresh));
    });
  }
}

function pinAll(pins: Pins, name: string, { programs, maps }: LoadedObject): void {
  for (const [one, fd] of programs) pins.put(name, 'programs', one, fd);
  for (const [one, fd] of maps) if (!isInternal(one)) pins.put(name, 'maps', one, fd);
  for (const one of pins.list(name, 'programs')) if (!programs.has(one)) pins.drop(name, 'programs', one);
  for (const one of pins.list(name, 'maps')) if (!maps.has(one)) pins.drop(name, 'maps', one);
}

function closing(loaded: LoadedObject, use: (loaded: LoadedObject) => void): void {
  try {
    use(loaded);
  } finally {
    for (const fd of [...loaded.programs.values(), ...loaded.maps.values()]) closeSync(fd);
  }
}
