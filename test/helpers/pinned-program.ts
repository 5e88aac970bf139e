// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCE = '__attribute__((section("tc"))) int pass(void *packet) { return 0; }';

/** A program for filters that lets every packet pass, pinned in a bpffs of its own until it is disposed of. */
export function pinnedProgram(): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bpf-'));
  const [source, object, pins] = [
    join(folder, 'pass.c'),
    join(folder, 'pass.o'),
    join(folder, 'fs'),
  ] as const;
  const run = (program: string, ...args: readonly string[]) => execFileSync(program, args, { stdio: 'pipe' });
  const path = join(pins, 'pass');
  writeFileSync(source, SOURCE);
  mkdirSync(pins);
  run('clang-14', '-O2', '-target', 'bpf', '-c', source, '-o', object);
  run('mount', '-t', 'bpf', 'weir-test', pins);
  const dispose = () => {
    run('umount', pins);
    rmSync(folder, { recursive: true });
  };
  try {
    run('bpftool', 'prog', 'load', object, path, 'type', 'classifier');
  } catch (error) {
    dispose();
    throw error;
  }
  return { path, [Symbol.dispose]: dispose };
}
