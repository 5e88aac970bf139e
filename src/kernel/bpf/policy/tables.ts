// SPDX-License-Identifier: Apache-2.0
// Maps and programs of one generation: made, pinned, opened again.
import { closeSync } from 'node:fs';
import { WeirError } from '../../../base/errors.ts';
import type { BpfMap, PolicyTables, PolicyTablesOptions } from '../../ports.ts';
import type { LoadedObject, LoadOptions } from '../load.ts';
import { openMap } from '../maps.ts';
import { BPF, BpfAttr, getPinned, mustBpf } from '../syscall.ts';
import { listed, openPin, putPin, type Shelf } from './shelf.ts';

/** Functions of the object. */
export const FUNCTIONS = ['policy_ingress', 'policy_egress', 'policy_early'] as const;
export type PolicyFunction = (typeof FUNCTIONS)[number];
const FLIP = 'policy_flip';

export type Load = (bytes: Uint8Array, options: LoadOptions) => LoadedObject;

/** Tables whose maps are open. */
export class OpenTables implements PolicyTables {
  readonly generation: number;
  readonly #maps = new Map<string, BpfMap>();
  #flip = -1;

  constructor(shelf: Shelf, generation: number) {
    this.generation = generation;
    try {
      for (const name of listed(shelf.tables(generation, 'maps')))
        this.#maps.set(name, openMap(getPinned(shelf.tables(generation, 'maps', name))));
      this.#flip = getPinned(shelf.tables(generation, 'flip'));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  map(name: string): BpfMap {
    const map = this.#maps.get(name);
    if (map !== undefined) return map;
    throw new WeirError('BPF_OBJECT', { problem: `the policy's tables have no map "${name}"` });
  }

  maps(): ReadonlyMap<string, BpfMap> {
    return this.#maps;
  }

  flip(flip: Uint8Array): void {
    const attr = new BpfAttr(64).u32(0, this.#flip).u32(40, flip.length).pointer(48, flip);
    mustBpf('put a policy in force', BPF.PROG_TEST_RUN, attr);
  }

  close(): void {
    for (const map of this.#maps.values()) map.close();
    this.#maps.clear();
    if (this.#flip >= 0) closeSync(this.#flip);
    this.#flip = -1;
  }
}

/** Load maps and the program that flips, and pin them. */
export function createTables(
  shelf: Shelf,
  load: Load,
  object: Uint8Array,
  generation: number,
  { sizes, kept }: PolicyTablesOptions,
  former: OpenTables | undefined,
): OpenTables {
  shelf.prepare(generation);
  const loaded = load(object, {
    name: 'policy',
    programs: [FLIP],
    maxEntries: sizes,
    reuse: (shape) => (kept.includes(shape.name) ? sameShape(former, shape) : undefined),
  });
  try {
    for (const [name, fd] of loaded.maps)
      if (name.startsWith('policy_')) putPin(fd, shelf.tables(generation, 'maps'), name);
    const flip = loaded.programs.get(FLIP);
    if (flip !== undefined) putPin(flip, shelf.tables(generation), 'flip');
  } finally {
    closeAll(loaded);
  }
  return new OpenTables(shelf, generation);
}

/** A map that can be used on: same kind, keys, values and size. */
function sameShape(
  former: OpenTables | undefined,
  shape: { name: string; type: number; keySize: number; valueSize: number; maxEntries: number },
): number | undefined {
  const map = former?.maps().get(shape.name);
  if (map === undefined) return undefined;
  const same =
    map.type === shape.type &&
    map.keySize === shape.keySize &&
    map.valueSize === shape.valueSize &&
    map.maxEntries === shape.maxEntries;
  return same ? map.fd : undefined;
}

/** Descriptors of the functions for one network namespace, loaded and pinned where they are not yet. Caller closes. */
export function functionFor(
  shelf: Shelf,
  load: Load,
  object: () => Uint8Array,
  tables: OpenTables,
  space: number,
  name: PolicyFunction,
  variables: Readonly<Record<string, number>>,
): number {
  const path = shelf.tables(tables.generation, 'programs', `${space}_${name}`);
  const known = openPin(path);
  if (known !== undefined) return known;
  const programs = name === 'policy_early' ? [name] : FUNCTIONS.filter((one) => one !== 'policy_early');
  const loaded = load(object(), {
    name: 'policy',
    programs,
    variables: { ...variables, space },
    maps: Object.fromEntries([...tables.maps()].map(([map, { fd }]) => [map, fd])),
  });
  try {
    for (const one of programs) {
      const fd = loaded.programs.get(one);
      if (fd !== undefined) putPin(fd, shelf.tables(tables.generation, 'programs'), `${space}_${one}`);
    }
  } finally {
    closeAll(loaded);
  }
  return getPinned(path);
}

function closeAll({ programs, maps }: LoadedObject): void {
  for (const fd of [...programs.values(), ...maps.values()]) closeSync(fd);
}
