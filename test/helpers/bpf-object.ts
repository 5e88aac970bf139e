// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const INCLUDE = fileURLToPath(new URL('../../ebpf/include', import.meta.url));
const TRIPLE = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as 'x64' | 'arm64'];

/** An eBPF object of this C source. `flags` come behind the usual ones: `-g0` leaves BTF out. */
export function bpfObject(source: string, flags: readonly string[] = []): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'weir-object-'));
  try {
    const [file, object] = [join(folder, 'x.c'), join(folder, 'x.o')];
    writeFileSync(file, source);
    const usual = [
      '-target',
      'bpf',
      '-mcpu=v3',
      '-O2',
      '-g',
      '-I',
      INCLUDE,
      '-idirafter',
      `/usr/include/${TRIPLE}`,
    ];
    execFileSync('clang', [...usual, ...flags, '-c', file, '-o', object], { stdio: 'pipe' });
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What most sources begin with. */
export const PRELUDE = `
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "Dual BSD/GPL";
`;
