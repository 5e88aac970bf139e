// SPDX-License-Identifier: Apache-2.0
import { errnoName } from '../base/errno.gen.ts';
import { type ExtendedAck, KernelError } from '../base/kernel-error.ts';

/** The error for a refused operation; `errno` is positive. */
export function kernelError(operation: string, errno: number, extack?: ExtendedAck): KernelError {
  return new KernelError(operation, errno, errnoName(errno), extack);
}

/** Pass on a result of the addon. @throws {KernelError} when it is a negative errno. */
export function checked<T>(operation: string, result: T | number): T {
  if (typeof result === 'number' && result < 0) throw kernelError(operation, -result);
  return result as T;
}
