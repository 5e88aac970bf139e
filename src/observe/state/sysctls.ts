// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../../base/bytes.ts';
import { ERRNO } from '../../base/errno.gen.ts';
import { isWeirError } from '../../base/errors.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { nearest } from '../../base/suggest.ts';
import type { FileReader } from '../../kernel/ports.ts';
import { canonicalName, deviceSetting, sysctlParts, sysctlPath } from '../../kinds/sysctl/name.ts';
import { absentSysctl, sysctlSpec } from '../../kinds/sysctl/sysctl.ts';
import type { ClassReader } from './class-reader.ts';

/**
 * Reads the sysctls that somebody names; of one that does not exist, what its name may have been meant for. An export
 * has none: hundreds of defaults would hide the few that were set, and nothing tells the ones from the others.
 */
export const sysctlReader: ClassReader = {
  class: 'sysctl',
  async read({ io, indexOf }, { keys }, found) {
    for (const name of keys) {
      const content = await contentOf(io.proc, name);
      if (content !== undefined) {
        found(sysctlSpec(name, content));
        continue;
      }
      const dev = deviceSetting(name)?.dev ?? 'all';
      const toCome = dev !== 'all' && dev !== 'default' && indexOf(dev) === undefined;
      const similar = toCome ? undefined : await similarTo(io.proc, name);
      if (similar !== undefined) found(absentSysctl(name, similar));
    }
  },
};

/** Undefined for a sysctl that does not exist in this namespace, is a directory, or cannot be read. */
async function contentOf(proc: FileReader, name: string): Promise<string | undefined> {
  try {
    return textOf(await proc.read(sysctlPath(name)));
  } catch (error) {
    if (isWeirError(error, 'NO_DATA')) return undefined;
    const unreadable = [ERRNO.EISDIR, ERRNO.EACCES, ERRNO.EIO] as readonly number[];
    if (error instanceof KernelError && unreadable.includes(error.errno)) return undefined;
    throw error;
  }
}

/** The name with the first part that does not exist replaced by the nearest one that does. */
async function similarTo(proc: FileReader, name: string): Promise<string | undefined> {
  const parts = sysctlParts(name);
  for (let i = 0; i < parts.length; i++) {
    const there = await proc.list(`sys/${parts.slice(0, i).join('/')}`.replace(/\/$/, ''));
    const part = parts[i] as string;
    if (there.includes(part)) continue;
    const other = nearest(part, there);
    const similar = other && canonicalName(parts.with(i, other));
    return similar && (await contentOf(proc, similar)) !== undefined ? similar : undefined;
  }
  return undefined;
}
