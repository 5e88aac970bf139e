// SPDX-License-Identifier: Apache-2.0
import { KernelError } from '../base/kernel-error.ts';

/** Do something that the kernel may answer with `errno`, which is then no failure. @returns false in that case. */
export async function unlessErrno(errno: number, act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === errno) return false;
    throw error;
  }
}
