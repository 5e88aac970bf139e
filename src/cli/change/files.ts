// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { messageOf, WeirError } from '../../base/errors.ts';
import type { CliDeps } from '../deps.ts';

/** Where documents are unless `-f` says otherwise. */
export const DOCUMENT_DIRECTORY = '/etc/weir/conf.d';

/** Documents as text: errors then name file and line. */
export interface DocumentText {
  readonly name: string;
  readonly text: string;
}

/**
 * Read files of documents; of a directory those that end in .yaml, .yml or .json, by name; `-` is the standard input.
 * @throws {WeirError} `USAGE` for what cannot be read, and for a directory without documents.
 */
export async function readDocuments(
  paths: readonly string[],
  stdin: CliDeps['stdin'],
): Promise<readonly DocumentText[]> {
  if (paths.filter((path) => path === '-').length > 1) throw new WeirError('USAGE', { problem: TWICE });
  const found = await Promise.all(
    paths.map(async (path) => (path === '-' ? [{ name: '<stdin>', text: await text(stdin) }] : read(path))),
  );
  return found.flat();
}

const TWICE = 'the standard input can be read only once: give `-f -` once';

function read(path: string): readonly DocumentText[] {
  try {
    if (!statSync(path).isDirectory()) return [{ name: path, text: readFileSync(path, 'utf8') }];
    const names = readdirSync(path).filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name));
    if (names.length === 0) throw new Error('there are no files *.yaml, *.yml or *.json');
    return names.sort().map((name) => {
      const file = join(path, name);
      return { name: file, text: readFileSync(file, 'utf8') };
    });
  } catch (cause) {
    throw new WeirError('USAGE', { problem: `${path}: ${plain(cause)}` }, { cause });
  }
}

function plain(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file or directory';
  return code === 'EACCES' ? 'permission denied' : messageOf(error);
}
