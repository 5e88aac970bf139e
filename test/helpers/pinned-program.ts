// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bpffs } from './bpffs.ts';

const SOURCE = '__attribute__((section("tc"))) int pass(void *packet) { return 0; }';

/**
 * A program that lets every packet pass, pinned in a bpffs of its own until it is disposed of.
 * @param type As bpftool calls it: classifier, lwt_xmit.
 */
export function pinnedProgram(type = 'classifier'): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bpf-'));
  const [source, object] = [join(folder, 'pass.c'), join(folder, 'pass.o')] as const;
  const pins = bpffs();
  const run = (program: string, ...args: readonly string[]) => execFileSync(program, args, { stdio: 'pipe' });
  const path = join(pins.path, 'pass');
  writeFileSync(source, SOURCE);
  run('clang', '-O2', '-target', 'bpf', '-c', source, '-o', object);
  const dispose = () => {
    pins[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  };
  try {
    run('bpftool', 'prog', 'load', object, path, 'type', type);
  } catch (error) {
    dispose();
    throw error;
  }
  return { path, [Symbol.dispose]: dispose };
}
