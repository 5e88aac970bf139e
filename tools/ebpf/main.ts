// SPDX-License-Identifier: Apache-2.0
// Compiles the eBPF programs and generates the decoders of what they share with user space into
// src/programs/generated. With --check it compares instead: `npm test` does that. Names after it choose programs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Btf } from '../../src/codec/bpf/btf.ts';
import { elfSections } from '../../src/codec/bpf/elf.ts';
import { emitDecoders } from './emit.ts';
import { emitEncoder, emitEnum } from './emit-encoders.ts';
import { sharedEnums, sharedLayouts, wantsEncoders } from './layouts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const generated = join(root, 'src/programs/generated');
const check = process.argv.includes('--check');
const chosen = process.argv.slice(2).filter((word) => !word.startsWith('-'));

function decodersOf(program: string): string {
  const bytes = readFileSync(join(root, 'ebpf/build', `${program}.bpf.o`));
  const btf = elfSections(bytes).find(({ name }) => name === '.BTF');
  if (btf === undefined) throw new Error(`${program}: the object has no BTF`);
  const types = new Btf(btf.bytes);
  const enums = sharedEnums(types).map(({ name, members }) => emitEnum(program, name, members));
  const encoders = wantsEncoders(types) ? sharedLayouts(types).map(emitEncoder) : [];
  return [emitDecoders(program, sharedLayouts(types)), ...encoders, ...enums].join('\n');
}

const built = spawnSync(process.execPath, [join(root, 'tools/ebpf/build.mjs'), ...chosen], {
  stdio: 'inherit',
});
if (built.status !== 0) process.exit(1);
mkdirSync(generated, { recursive: true });
const programs = readdirSync(join(root, 'ebpf')).filter((name) =>
  existsSync(join(root, 'ebpf', name, `${name}.bpf.c`)),
);
for (const program of programs.filter((name) => chosen.length === 0 || chosen.includes(name))) {
  const file = join(generated, `${program}.ts`);
  const text = decodersOf(program);
  if (!check) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is not what ebpf/${program}/${program}.bpf.c says: run \`npm run generate\``);
    process.exitCode = 1;
  }
}
