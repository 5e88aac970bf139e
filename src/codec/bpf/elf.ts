// SPDX-License-Identifier: Apache-2.0
// As much of ELF (System V ABI, chapter 4) as an object with eBPF programs needs: its sections.
import { cString } from '../../base/bytes.ts';
import { WeirError } from '../../base/errors.ts';
import { wireOf } from '../../base/wire.ts';

const MAGIC = 0x464c_457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const ET_REL = 1;
const EM_BPF = 247;
const HEADER = 64;
const SECTION_HEADER = 64;
const SHT_NOBITS = 8;

/** A section of an object, by its name. */
export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** A view into the object; empty for .bss. */
  readonly bytes: Uint8Array;
  readonly size: number;
}

/**
 * The sections of a relocatable 64-bit little-endian eBPF object.
 * @throws {WeirError} `BPF_OBJECT` for anything else, and for one that is cut off.
 */
export function elfSections(bytes: Uint8Array): readonly ElfSection[] {
  const { view } = wireOf(bytes);
  const refuse = (problem: string): never => {
    throw new WeirError('BPF_OBJECT', { problem });
  };
  if (bytes.length < HEADER || view.getUint32(0, true) !== MAGIC)
    return refuse('it is no ELF file: compile it with `clang -target bpf -g -O2 -c`');
  if (view.getUint8(4) !== CLASS_64 || view.getUint8(5) !== LITTLE_ENDIAN)
    return refuse('it is not for a 64-bit little-endian machine: compile it with `-target bpfel`');
  const machine = view.getUint16(18, true);
  if (machine !== EM_BPF)
    return refuse(
      `it is for the ELF machine ${machine}, not for eBPF (247): compile it with \`-target bpf\``,
    );
  if (view.getUint16(16, true) !== ET_REL)
    return refuse('it is linked: give the object that `clang -c` writes');
  const table = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  if (view.getUint16(58, true) !== SECTION_HEADER || table + count * SECTION_HEADER > bytes.length)
    return refuse(`it is cut off: its section headers end behind byte ${bytes.length}`);
  const headers = Array.from({ length: count }, (_, i) => {
    const at = table + i * SECTION_HEADER;
    const type = view.getUint32(at + 4, true);
    const offset = Number(view.getBigUint64(at + 24, true));
    const size = Number(view.getBigUint64(at + 32, true));
    if (type !== SHT_NOBITS && offset + size > bytes.length)
      return refuse(`it is cut off: section ${i} ends behind byte ${bytes.length}`);
    return {
      name: view.getUint32(at, true),
      type,
      flags: Number(view.getBigUint64(at + 8, true)),
      size,
      bytes: type === SHT_NOBITS ? bytes.subarray(0, 0) : bytes.subarray(offset, offset + size),
    };
  });
  const names = headers[view.getUint16(62, true)];
  if (names === undefined) return refuse('it has no section names');
  return headers.map((one) => ({ ...one, name: cString(names.bytes, one.name) }));
}

const SYMBOL = 24;

/** Where the symbols of an object are in their sections, by name. */
export function elfSymbols(sections: readonly ElfSection[]): ReadonlyMap<string, number> {
  const table = sections.find(({ name }) => name === '.symtab');
  const names = sections.find(({ name }) => name === '.strtab');
  if (table === undefined || names === undefined) return new Map();
  const { view } = wireOf(table.bytes);
  const symbols = new Map<string, number>();
  for (let at = 0; at + SYMBOL <= table.size; at += SYMBOL)
    symbols.set(cString(names.bytes, view.getUint32(at, true)), Number(view.getBigUint64(at + 8, true)));
  return symbols;
}
