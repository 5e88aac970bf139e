// SPDX-License-Identifier: Apache-2.0
// The Debian package of Weir that the machines get.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ROOT } from './paths.ts';
import { run } from './process.ts';

/**
 * Made of this checkout at every run, so that nothing older is tested; or what WEIR_PACKAGE names.
 * @returns the file. @throws InfrastructureError with what its making said.
 */
export function weirPackage(): string {
  const named = process.env['WEIR_PACKAGE'];
  if (named !== undefined) return named;
  run(process.execPath, [join(ROOT, 'tools/package/main.ts')], { cwd: ROOT });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return join(ROOT, '.cache/package', `weir_${version}_amd64.deb`);
}
