// SPDX-License-Identifier: Apache-2.0
import { ERRNO, errnoName } from '../base/errno.gen.ts';
import { WeirError } from '../base/errors.ts';
import { type ExtendedAck, KernelError } from '../base/kernel-error.ts';

/** Of include/linux/errno.h, which user space was never meant to see. */
export const ENOTSUPP = 524;

/** The error for a refused operation; `errno` is positive. */
export function kernelError(operation: string, errno: number, extack?: ExtendedAck): KernelError {
  return new KernelError(operation, errno, errnoName(errno), extack);
}

/** The right that setns(), unshare() and mount() need. */
export const NAMESPACE_RIGHT = 'CAP_SYS_ADMIN';

/**
 * The error for an operation that may fail for lack of a capability.
 * @returns {WeirError} `KERNEL_PERMISSION` for EPERM, else a KernelError.
 */
export function deniedError(operation: string, errno: number, right: string): WeirError {
  if (errno !== ERRNO.EPERM) return kernelError(operation, errno);
  return new WeirError('KERNEL_PERMISSION', { operation, errnoName: 'EPERM', right });
}

/**
 * Pass on a result of the addon.
 * @param right Capability whose lack an EPERM means.
 * @throws {KernelError} when it is a negative errno; {WeirError} `KERNEL_PERMISSION` for EPERM where `right` is given.
 */
export function checked<T>(operation: string, result: T | number, right?: string): T {
  if (typeof result !== 'number' || result >= 0) return result as T;
  throw right === undefined ? kernelError(operation, -result) : deniedError(operation, -result, right);
}
