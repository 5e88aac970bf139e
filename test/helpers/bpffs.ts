// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A bpffs of a test's own, unmounted in the end: what is pinned there is gone then. */
export function bpffs(): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bpffs-'));
  const path = join(folder, 'fs');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'bpf', 'weir-test', path]);
  return {
    path,
    [Symbol.dispose]() {
      execFileSync('umount', [path]);
      rmSync(folder, { recursive: true });
    },
  };
}
