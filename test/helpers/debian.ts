// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../.cache/debian/', import.meta.url));

/**
 * A file of a Debian package that the set-up unpacked beside the project without installing it, so that no service of
 * a peer is ever started on the host.
 *
 * @param path Inside the package, e.g. `usr/bin/promtool`.
 */
export function debianFile(name: string, path: string): string {
  const file = `${root}${name}/${path}`;
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run setup:test\``);
  return file;
}
