// SPDX-License-Identifier: Apache-2.0
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { WeirError } from '../../base/errors.ts';
import type { NamespaceIo } from '../../kernel/ports.ts';

/**
 * True when the kernel says that it was built without an option, such as `CONFIG_NET_CLS_FLOWER`. Only some kernels tell
 * how they were built (CONFIG_IKCONFIG_PROC).
 */
export async function wasBuiltWithout(io: NamespaceIo, option: string): Promise<boolean> {
  try {
    const config = await promisify(gunzip)(await io.proc.read('config.gz'));
    return !config.includes(`\n${option}=`);
  } catch (error) {
    if (error instanceof WeirError && error.code === 'NO_DATA') return false;
    throw error;
  }
}
