// SPDX-License-Identifier: Apache-2.0
// libbpf takes the BTF of an object at its word: a name or a type that is not there ends the process (seen with 1.1).
import { WeirError } from '../../base/errors.ts';
import { type Wire, wireOf } from '../../base/wire.ts';
import { BTF_KIND, Btf } from './btf.ts';

const TYPE_HEADER = 12;
/** As far as libbpf follows types that stand for others. */
const DEPTH = 32;

const { PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF, VOLATILE, CONST, RESTRICT } = BTF_KIND;
const { FUNC, FUNC_PROTO, VAR, DATASEC, DECL_TAG, TYPE_TAG, ENUM64 } = BTF_KIND;

/** Kinds whose word behind `info` is the id of a type. */
const REFERS: readonly number[] = [
  PTR,
  TYPEDEF,
  VOLATILE,
  CONST,
  RESTRICT,
  FUNC,
  FUNC_PROTO,
  VAR,
  DECL_TAG,
  TYPE_TAG,
];
/** Kinds that stand for the type that they refer to. */
const THROUGH: readonly number[] = [TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG, VAR];

/** Entries behind a type, of 8 or 12 bytes: where in one its name and its type are. */
const ENTRIES: Readonly<
  Record<number, { readonly bytes: number; readonly name?: number; readonly type?: number }>
> = {
  [STRUCT]: { bytes: 12, name: 0, type: 4 },
  [UNION]: { bytes: 12, name: 0, type: 4 },
  [ENUM]: { bytes: 8, name: 0 },
  [ENUM64]: { bytes: 12, name: 0 },
  [FUNC_PROTO]: { bytes: 8, name: 0, type: 4 },
  [DATASEC]: { bytes: 12, type: 0 },
};

/**
 * Every name and every type that BTF refers to is there, and no type stands for itself.
 * @throws {WeirError} `BPF_OBJECT` that names the first type that is wrong.
 */
export function checkBtf(bytes: Uint8Array): Btf {
  const btf = new Btf(bytes);
  const wire = wireOf(bytes);
  const header = wire.view.getUint32(4, true);
  const strings = header + wire.view.getUint32(16, true);
  const names = wire.view.getUint32(20, true);
  if (names === 0 || bytes[strings] !== 0 || bytes[strings + names - 1] !== 0)
    throw broken('its names do not begin and end with a zero');
  let at = header + wire.view.getUint32(8, true);
  for (let id = 1; id < btf.length; id++) at = checkType(btf, wire, id, at, names);
  return btf;
}

/** @returns where the next type begins. */
function checkType(btf: Btf, { view }: Wire, id: number, at: number, names: number): number {
  const word = (offset: number) => view.getUint32(at + offset, true);
  const nameAt = (offset: number) => {
    if (word(offset) >= names) throw broken(`type ${id} has a name that is not there`);
  };
  const typeAt = (offset: number) => {
    if (word(offset) >= btf.length)
      throw broken(`type ${id} refers to type ${word(offset)}, which is not there`);
  };
  const { kind, vlen, size } = btf.type(id);
  nameAt(0);
  if (REFERS.includes(kind)) typeAt(8);
  if (kind === ARRAY) for (const offset of [TYPE_HEADER, TYPE_HEADER + 4]) typeAt(offset);
  const entry = ENTRIES[kind];
  if (entry !== undefined)
    for (let i = 0; i < vlen; i++) {
      const start = TYPE_HEADER + i * entry.bytes;
      if (entry.name !== undefined) nameAt(start + entry.name);
      if (entry.type !== undefined) typeAt(start + entry.type);
      if (kind === DATASEC && btf.type(word(start)).kind !== VAR)
        throw broken(`type ${id} is a section with something that is no variable`);
    }
  if (kind === FUNC && btf.type(size).kind !== FUNC_PROTO)
    throw broken(`type ${id} is a function without a prototype`);
  mustEnd(btf, id);
  return at + TYPE_HEADER + btf.trailing(id);
}

function mustEnd(btf: Btf, id: number): void {
  let type = btf.type(id);
  for (let depth = 0; THROUGH.includes(type.kind) || type.kind === ARRAY; depth++) {
    if (depth === DEPTH) throw broken(`type ${id} refers to itself`);
    type = btf.type(type.kind === ARRAY ? btf.array(type).element : type.size);
  }
}

function broken(problem: string): WeirError {
  return new WeirError('BPF_OBJECT', { problem: `its BTF is broken: ${problem}` });
}
