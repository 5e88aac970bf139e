// SPDX-License-Identifier: Apache-2.0
import { isWeirError } from '../base/errors.ts';

/** The value, or undefined when the kernel does not have it (`NO_DATA`). Other errors pass. */
export async function optional<T>(value: Promise<T>): Promise<T | undefined> {
  try {
    return await value;
  } catch (error) {
    if (isWeirError(error, 'NO_DATA')) return undefined;
    throw error;
  }
}
