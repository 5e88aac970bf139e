// SPDX-License-Identifier: Apache-2.0
// The initramfs of a guest that runs on the host's own root: a static busybox, one script, and the modules that the
// kernel needs before its root is there.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { GuestKernel } from './kernels.ts';
import { run } from './process.ts';

const BUSYBOX = '/usr/bin/busybox';
/** What the root needs: the transport, virtiofs and the overlay. */
const MODULES = ['virtio_pci', 'virtiofs', 'overlay'];
const INIT = new URL('./guest/init', import.meta.url);

/** Write the initramfs of `kernel` to `file`. */
export function writeInitramfs(kernel: GuestKernel, file: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'weir-initramfs-'));
  try {
    for (const name of ['bin', 'modules', 'proc', 'sys', 'dev', 'ro', 'rw', 'new'])
      mkdirSync(join(folder, name));
    copyFileSync(BUSYBOX, join(folder, 'bin/busybox'));
    writeFileSync(join(folder, 'init'), readFileSync(INIT));
    chmodSync(join(folder, 'init'), 0o755);
    const order = moduleFiles(kernel).map((path) => copyModule(path, join(folder, 'modules')));
    writeFileSync(join(folder, 'modules/order'), order.map((name) => `${name}\n`).join(''));
    run('sh', ['-c', `find . | cpio --quiet -o -H newc > '${file}'`], { cwd: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files of the modules and of what they need, in the order of loading. */
function moduleFiles(kernel: GuestKernel): readonly string[] {
  const shown = MODULES.map((name) =>
    run('modprobe', ['-d', kernel.tree, '-S', kernel.release, '--show-depends', name]),
  );
  const lines = shown.join('\n').split('\n');
  return [
    ...new Set(lines.flatMap((line) => (line.startsWith('insmod ') ? [line.split(/\s+/)[1] ?? ''] : []))),
  ];
}

function copyModule(path: string, folder: string): string {
  const name = basename(path).replace(/\.xz$/, '');
  if (path.endsWith('.xz')) run('sh', ['-c', `xz -dc '${path}' > '${join(folder, name)}'`]);
  else copyFileSync(path, join(folder, name));
  return name;
}
