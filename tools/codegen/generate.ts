// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFamily, structNames } from './build.ts';
import { emitErrno } from './emit-errno.ts';
import { emitFamily } from './emit-family.ts';
import { checkFamily } from './gate.ts';
import { type Headers, readHeaders } from './headers.ts';
import type { Family } from './model.ts';
import { findSpecs, readSpec, type Spec } from './spec.ts';
import { FAMILIES } from './wanted.ts';

/** What one run works on. */
export interface Sources {
  readonly specs: ReadonlyMap<string, Spec>;
  readonly headers: Headers;
}

/** Read specs, overlays and headers. `docs` is the root of the extracted documentation package. */
export function readSources(docs: string): Sources {
  const dir = findSpecs(docs);
  const overlays = join(dirname(fileURLToPath(import.meta.url)), 'overlay');
  const specs = new Map(FAMILIES.map((name) => [name, readSpec(dir, overlays, name)]));
  const structs = [...specs.values()].flatMap(structNames);
  return { specs, headers: readHeaders(structs) };
}

/** Models of all families, after the gate. @throws {Error} naming every unexplained difference. */
export function buildModels({ specs, headers }: Sources): Family[] {
  const families = [...specs.values()].map((spec) => buildFamily(spec, headers));
  const problems = families.flatMap((family) => checkFamily(specs.get(family.name) as Spec, family, headers));
  if (problems.length > 0) throw new Error(`specs and headers differ:\n  ${problems.join('\n  ')}`);
  return families;
}

/** Every generated file: path from the root of the repository, and text. */
export function generate(docs: string): ReadonlyMap<string, string> {
  const sources = readSources(docs);
  const files = new Map<string, string>();
  for (const family of buildModels(sources))
    files.set(`src/codec/generated/${family.name}.ts`, emitFamily(family));
  files.set('src/base/errno.gen.ts', emitErrno(sources.headers.constants));
  return files;
}

/** Paths of generated files that are missing below `root` or hold other bytes than `files` says. */
export function staleFiles(root: string, files: ReadonlyMap<string, string>): readonly string[] {
  return [...files.keys()].filter((path) => {
    const full = join(root, path);
    return !existsSync(full) || readFileSync(full, 'utf8') !== files.get(path);
  });
}
