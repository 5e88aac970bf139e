// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { WeirError } from '../../../base/errors.ts';
import type { ProgramObject } from '../../../codec/bpf/program.ts';
import type { LoadedObject } from '../load.ts';
import { programInfo } from '../programs.ts';

/** Bytes that a program or a map locks. */
export function lockedBytes(fd: number): number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
  return Number(/^memlock:\s*(\d+)/m.exec(text)?.[1] ?? 0);
}

/** @throws {WeirError} `BPF_OBJECT` for what takes more than its limits say. */
export function mustBeWithin({ limits = {} }: ProgramObject, { programs, maps }: LoadedObject): void {
  const { memory, instructions } = limits;
  if (memory !== undefined) {
    const sizes = [...maps, ...programs].map(([name, fd]) => ({ name, bytes: lockedBytes(fd) }));
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    const largest = sizes.reduce((most, one) => (one.bytes > most.bytes ? one : most), {
      name: '',
      bytes: 0,
    });
    if (total > memory)
      throw refused(
        `it locks ${total} bytes of memory and limits.memory is ${memory}; ${largest.name} has ${largest.bytes} of them`,
      );
  }
  if (instructions === undefined) return;
  for (const [name, fd] of programs) {
    const count = programInfo(fd).instructions;
    if (count > instructions)
      throw refused(
        `the verifier looked at ${count} instructions of ${name} and limits.instructions is ${instructions}`,
      );
  }
}

function refused(problem: string): WeirError {
  return new WeirError('BPF_OBJECT', { problem });
}
