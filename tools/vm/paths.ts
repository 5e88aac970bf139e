// SPDX-License-Identifier: Apache-2.0
// Where the virtual machines' files lie: all of them in the checkout's git-ignored cache.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** What is kept between runs (kernels, boxes). */
export const CACHE = join(ROOT, '.cache/vm');

/** A folder inside the cache, made when it is missing. */
export function cacheFolder(...parts: readonly string[]): string {
  const folder = join(CACHE, ...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
}
