// SPDX-License-Identifier: Apache-2.0
// Compiles ebpf/<name>/<name>.bpf.c to ebpf/build/<name>.bpf.o, with BTF and without DWARF. Plain JavaScript: it is a
// part of the set-up.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'ebpf');
const build = join(folder, 'build');
const CPU = { x64: ['x86', 'x86_64-linux-gnu'], arm64: ['arm64', 'aarch64-linux-gnu'] };

function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status === 0) return;
  console.error(`${command} ${args.join(' ')}\n${done.stderr ?? ''}${done.error?.message ?? ''}`);
  process.exit(1);
}

mkdirSync(build, { recursive: true });
const [target, triple] = CPU[process.arch];
const names = process.argv.slice(2);
for (const name of names.length > 0 ? names : readdirSync(folder)) {
  const source = join(folder, name, `${name}.bpf.c`);
  if (!existsSync(source)) continue;
  const object = join(build, `${name}.bpf.o`);
  run('clang', [
    ...['-target', 'bpf', '-mcpu=v3', '-O2', '-g', `-D__TARGET_ARCH_${target}`],
    ...['-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-Wno-visibility', '-std=gnu11'],
    ...['-I', join(folder, 'include'), '-idirafter', `/usr/include/${triple}`],
    `-fdebug-prefix-map=${root}=.`,
    ...['-c', source, '-o', `${object}.part`],
  ]);
  run('llvm-strip', ['-g', `${object}.part`]);
  renameSync(`${object}.part`, object);
}
