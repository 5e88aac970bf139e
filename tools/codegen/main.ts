// SPDX-License-Identifier: Apache-2.0
// Generate src/codec/generated/*.ts and src/base/errno.gen.ts.
//
// Sources: the kernel's netlink specs (attributes, nesting, types), the installed UAPI headers (struct
// layouts through
// BTF, constants), and overlay/<family>.yaml for what the specs lack or have wrong. gate.ts compares specs
// and headers
// and refuses every difference that an overlay does not explain. To add an attribute or a kind, edit the
// overlay; to
// add a family, write its overlay and name it in generate.ts.
//
//   node tools/codegen/main.ts [--check] [--specs <root of the extracted linux-doc package>]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate, staleFiles } from './generate.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const flag = process.argv.indexOf('--specs');
const docs =
  (flag > 0 ? process.argv[flag + 1] : undefined) ??
  process.env['WEIR_LINUX_DOC'] ??
  join(root, '.cache/debian/linux-doc-6.12');

const files = generate(docs);
const stale = staleFiles(root, files);

if (process.argv.includes('--check')) {
  for (const path of stale)
    console.error(`${path} is not what the generator writes: run node tools/codegen/main.ts`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path) as string);
  }
  console.log(`${files.size} files, ${stale.length} written`);
}
