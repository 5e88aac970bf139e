// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs of the kernel lane and of the Vagrant lane. */
const PROGRAMS = {
  kernel: ['qemu-system-x86_64', '/usr/lib/qemu/virtiofsd', 'busybox', 'cpio', 'xz', 'depmod', 'setpriv'],
  vagrant: [
    'qemu-system-x86_64',
    'qemu-img',
    'mmdebstrap',
    'sfdisk',
    'grub-mkimage',
    'vagrant',
    'libvirtd',
    'virsh',
  ],
};

export type Lane = keyof typeof PROGRAMS;

/** Programs that a lane needs and this machine has not. */
export function missingTools(lane: Lane): readonly string[] {
  const folders = `${process.env['PATH']}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  const found = (path: string) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return PROGRAMS[lane].filter((name) =>
    name.startsWith('/') ? !found(name) : !folders.some((folder) => found(join(folder, name))),
  );
}
