// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../../base/bytes.ts';
import { ERRNO } from '../../base/errno.gen.ts';
import { isWeirError } from '../../base/errors.ts';
import { KernelError } from '../../base/kernel-error.ts';
import type { NamespaceIo } from '../../kernel/ports.ts';
import { sysctlPath } from '../../kinds/sysctl/name.ts';
import { sysctlSpec } from '../../kinds/sysctl/sysctl.ts';
import type { ClassReader } from './class-reader.ts';

/**
 * Reads the sysctls that somebody names. An export has none: hundreds of defaults would hide the few that were set, and
 * nothing tells the ones from the others.
 */
export const sysctlReader: ClassReader = {
  class: 'sysctl',
  async read({ io }, { keys }, found) {
    for (const name of keys) {
      const content = await contentOf(io, name);
      if (content !== undefined) found(sysctlSpec(name, content));
    }
  },
};

/** Undefined for a sysctl that does not exist in this namespace, is a directory, or cannot be read. */
async function contentOf(io: NamespaceIo, name: string): Promise<string | undefined> {
  try {
    return textOf(await io.proc.read(sysctlPath(name)));
  } catch (error) {
    if (isWeirError(error, 'NO_DATA')) return undefined;
    const unreadable = [ERRNO.EISDIR, ERRNO.EACCES, ERRNO.EIO] as readonly number[];
    if (error instanceof KernelError && unreadable.includes(error.errno)) return undefined;
    throw error;
  }
}
