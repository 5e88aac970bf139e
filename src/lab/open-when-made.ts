// SPDX-License-Identifier: Apache-2.0
import { isWeirError } from '../base/errors.ts';

/** Milliseconds between looks, and looks: five seconds together. */
const EVERY_MS = 25;
const LOOKS = 200;

/**
 * Open a namespace whose name is there already. Somebody else may be making it: the file of a namespace comes first, and
 * a moment later what it stands for is mounted on it.
 *
 * @param open Throws `NOT_FOUND` for a file that is no namespace.
 * @throws {WeirError} that of the last look.
 */
export async function openWhenMade<T>(open: () => Promise<T>, pause = wait): Promise<T> {
  for (let look = 1; ; look++)
    try {
      return await open();
    } catch (error) {
      if (!isWeirError(error, 'NOT_FOUND') || look === LOOKS) throw error;
      await pause();
    }
}

function wait(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}
