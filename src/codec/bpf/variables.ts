// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import { wireOf } from '../../base/wire.ts';
import type { Btf } from './btf.ts';
import { type ElfSection, elfSymbols } from './elf.ts';

/** Values of `const volatile` integers of an eBPF object, by name. */
export type Variables = Readonly<Record<string, number | bigint | boolean>>;

/**
 * A copy of an object's .rodata in which these variables have these values. Compilers leave the offsets of variables out
 * of BTF, so that these come from the symbols.
 * @throws {WeirError} `BPF_OBJECT` for a variable that the object does not have, or whose size no integer has.
 */
export function patchVariables(sections: readonly ElfSection[], btf: Btf, values: Variables): Uint8Array {
  const bytes = sections.find(({ name }) => name === '.rodata')?.bytes.slice() ?? new Uint8Array(0);
  const { view } = wireOf(bytes);
  const symbols = elfSymbols(sections);
  const variables = new Map(btf.variables('.rodata').map(({ name, size }) => [name, size]));
  for (const [name, value] of Object.entries(values)) {
    const size = variables.get(name);
    const offset = symbols.get(name);
    const refuse = (problem: string) => new WeirError('BPF_OBJECT', { problem });
    if (size === undefined || offset === undefined || offset + size > bytes.length)
      throw refuse(`it has no constant "${name}" (const volatile)`);
    if (size === 1) view.setUint8(offset, Number(value));
    else if (size === 2) view.setUint16(offset, Number(value), true);
    else if (size === 4) view.setUint32(offset, Number(value), true);
    else if (size === 8) view.setBigUint64(offset, BigInt(value), true);
    else throw refuse(`its constant "${name}" is no integer`);
  }
  return bytes;
}
