// SPDX-License-Identifier: Apache-2.0
// What can be said of an object before the kernel sees it.
import { WeirError } from '../../../base/errors.ts';
import { checkBtf } from '../../../codec/bpf/btf-check.ts';
import { elfSections } from '../../../codec/bpf/elf.ts';
import { type ProgramFunction, programFunctions } from '../../../codec/bpf/functions.ts';
import {
  fitsHook,
  functionOf,
  HOOKS,
  knownSection,
  type ProgramType,
  programType,
  SECTIONS,
} from '../../../codec/bpf/hooks.ts';
import type { FunctionUse } from '../../ports.ts';

/**
 * The programs of an object.
 * @throws {WeirError} `BPF_OBJECT` for what is no object, one without BTF, or one with a section that nobody knows.
 */
export function functionsIn(bytes: Uint8Array): readonly ProgramFunction[] {
  const sections = elfSections(bytes);
  const btf = sections.find(({ name }) => name === '.BTF');
  if (btf === undefined) throw refused('it has no BTF: compile it with `clang -g`');
  checkBtf(btf.bytes);
  const functions = programFunctions(sections);
  for (const { name, section } of functions)
    if (knownSection(section) === undefined)
      throw refused(
        `its program ${name} is in the unknown section "${section}", known are ${SECTIONS.join(', ')}`,
      );
  return functions;
}

/** @throws {WeirError} `BPF_OBJECT` for a function that is not there, or not made for its hook. */
export function mustFit(functions: readonly ProgramFunction[], uses: readonly FunctionUse[]): void {
  for (const { program, hook, function: wanted } of uses) {
    const found = functions.find(({ name }) => name === program);
    if (found === undefined)
      throw refused(
        `it has no program "${program}", but ${functions.map(({ name }) => name).join(', ') || 'none'}`,
      );
    if (!fitsHook(found.section, hook))
      throw refused(
        `its program ${program} is in the section "${found.section}", and ${hook} takes ${HOOKS[hook].sections.join(', ')}`,
      );
    if (wanted !== undefined && functionOf(found.section) !== wanted)
      throw refused(
        `its program ${program} is in the section "${found.section}", which is not for the function ${wanted}`,
      );
  }
}

/** Types by function name, of all that libbpf need not look up. */
export function typesOf(functions: readonly ProgramFunction[]): Readonly<Record<string, ProgramType>> {
  const types: Record<string, ProgramType> = {};
  for (const { name, section } of functions) {
    const type = programType(section);
    if (type !== undefined) types[name] = type;
  }
  return types;
}

function refused(problem: string): WeirError {
  return new WeirError('BPF_OBJECT', { problem });
}
