// SPDX-License-Identifier: Apache-2.0
import { isWeirError } from '../../base/errors.ts';
import { KernelError } from '../../base/kernel-error.ts';

/** Undefined for what this kernel, this namespace or this device does not have. */
export async function optional<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isWeirError(error) || error instanceof KernelError) return undefined;
    throw error;
  }
}
