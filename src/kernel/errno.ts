// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { type ExtendedAck, KernelError } from '../base/kernel-error.ts';

/** Errno numbers that the kernel boundary acts on. */
export const { EAGAIN, EBUSY, EINTR, ENOBUFS, ENOENT, ENODEV, EMSGSIZE, EPERM, EACCES } = constants.errno;

/** The error for a refused operation; `errno` is positive. */
export function kernelError(operation: string, errno: number, extack?: ExtendedAck): KernelError {
  return new KernelError(operation, errno, getSystemErrorName(-errno), extack);
}

/** Pass on a result of the addon. @throws {KernelError} when it is a negative errno. */
export function checked<T>(operation: string, result: T | number): T {
  if (typeof result === 'number' && result < 0) throw kernelError(operation, -result);
  return result as T;
}
