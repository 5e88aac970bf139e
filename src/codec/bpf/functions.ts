// SPDX-License-Identifier: Apache-2.0
import { cString } from '../../base/bytes.ts';
import { WeirError } from '../../base/errors.ts';
import { wireOf } from '../../base/wire.ts';
import type { ElfSection } from './elf.ts';

const SYMBOL = 24;
const STT_FUNC = 2;
const SHF_EXECINSTR = 4;
const TEXT = '.text';

/** A function that the kernel can be given as a program. */
export interface ProgramFunction {
  readonly name: string;
  /** What `SEC()` says of it: `tcx/ingress`. */
  readonly section: string;
}

/**
 * The programs of an object: functions of sections of their own. What stands in .text is called by them.
 * @throws {WeirError} `BPF_OBJECT` for an object without symbols.
 */
export function programFunctions(sections: readonly ElfSection[]): readonly ProgramFunction[] {
  const symbols = sections.find(({ name }) => name === '.symtab')?.bytes;
  const names = sections.find(({ name }) => name === '.strtab')?.bytes;
  if (symbols === undefined || names === undefined)
    throw new WeirError('BPF_OBJECT', { problem: 'it has no symbols: do not strip it' });
  const { view } = wireOf(symbols);
  const found: ProgramFunction[] = [];
  for (let at = 0; at + SYMBOL <= symbols.length; at += SYMBOL) {
    const section = sections[view.getUint16(at + 6, true)];
    const isFunction = (view.getUint8(at + 4) & 0xf) === STT_FUNC;
    if (!isFunction || section === undefined || section.name === TEXT) continue;
    if ((section.flags & SHF_EXECINSTR) === 0) continue;
    found.push({ name: cString(names, view.getUint32(at, true)), section: section.name });
  }
  return found;
}
