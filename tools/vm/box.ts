// SPDX-License-Identifier: Apache-2.0
// A Vagrant box for libvirt, made of this machine's Debian packages without a loop device or a mount. It lies in the cache
// under the hash of all that it is made of.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './paths.ts';
import { InfrastructureError, run } from './process.ts';

const PACKAGES = [
  ...[
    'systemd-sysv',
    'udev',
    'dbus',
    'openssh-server',
    'sudo',
    'kmod',
    'initramfs-tools',
    'busybox',
    'adduser',
  ],
  ...['iproute2', 'nftables', 'ethtool', 'iputils-ping', 'rsync', 'iperf3', 'curl', 'ca-certificates'],
  ...['libstdc++6', 'libbpf1', 'linux-image-cloud-amd64'],
];
const CUSTOMIZE = fileURLToPath(new URL('./box/customize.sh', import.meta.url));
const THIS = fileURLToPath(import.meta.url);
const DISK_BYTES = 2 * 1024 ** 3;
const PARTITION_OFFSET = 1024 ** 2;
const SECTOR = 512;
const GRUB = '/usr/lib/grub/i386-pc';

/** A box that is ready to be added. */
export interface Box {
  /** Unique for its content. */
  readonly name: string;
  readonly file: string;
}

/** The box, built when the cache has none of this content. @throws InfrastructureError */
export function vagrantBox(): Box {
  const key = boxKey();
  const name = `weir-${key}`;
  const file = join(cacheFolder('boxes'), `${name}.box`);
  if (!existsSync(file)) build(file);
  return { name, file };
}

function boxKey(): string {
  const hash = createHash('sha256');
  for (const path of [THIS, CUSTOMIZE]) hash.update(readFileSync(path));
  const kernel = run('apt-cache', ['show', '--no-all-versions', 'linux-image-cloud-amd64']);
  hash.update(/^Version: .*$/m.exec(kernel)?.[0] ?? '');
  return hash.digest('hex').slice(0, 12);
}

function build(file: string): void {
  const work = `${file}.work`;
  rmSync(work, { recursive: true, force: true });
  const folder = cacheFolder('boxes', `${file.split('/').at(-1)}.work`);
  try {
    const root = join(folder, 'root');
    makeRoot(root);
    const disk = join(folder, 'disk');
    makeDisk(root, disk, folder);
    run('qemu-img', ['convert', '-c', '-O', 'qcow2', disk, join(folder, 'box.img')], { seconds: 900 });
    const metadata = { provider: 'libvirt', format: 'qcow2', virtual_size: DISK_BYTES / 1024 ** 3 };
    writeFileSync(join(folder, 'metadata.json'), JSON.stringify(metadata));
    writeFileSync(join(folder, 'Vagrantfile'), 'Vagrant.configure("2") { |config| }\n');
    run('tar', ['-C', folder, '-cf', join(folder, 'box'), 'metadata.json', 'Vagrantfile', 'box.img']);
    renameSync(join(folder, 'box'), file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeRoot(root: string): void {
  const [key] = globSync(
    '/usr/share/{rubygems-integration/all/gems,vagrant,vagrant/gems}/**/keys/vagrant.pub',
  );
  if (key === undefined) throw new InfrastructureError('the vagrant package brings no public key');
  const args = [
    ...['--mode=root', '--variant=minbase', '--skip=check/empty', `--include=${PACKAGES.join(',')}`],
    ...['--dpkgopt=force-unsafe-io', '--dpkgopt=path-exclude=/usr/share/doc/*'],
    ...[`--customize-hook=${CUSTOMIZE}`, 'bookworm', root],
  ];
  run('mmdebstrap', [...args, ...sourcesOfThisMachine()], {
    seconds: 1500,
    env: { ...process.env, VAGRANT_KEY: key, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
}

/** Debian's own entries of the machine's apt sources: the box needs nobody else's. */
function sourcesOfThisMachine(): readonly string[] {
  const format = '$(SITE)|$(RELEASE)|$(COMPONENT)';
  const lines = run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']).split('\n');
  const debian = [...new Set(lines)].filter((line) => /\/debian(-security)?\/?\|bookworm/.test(line));
  if (debian.length === 0) throw new InfrastructureError('no apt source of Debian bookworm on this machine');
  return debian.map((line) => {
    const [site = '', release = '', component = ''] = line.split('|');
    return `deb ${site} ${release} ${component}`;
  });
}

/** One partition with the files of `root`, and GRUB in front of it. */
function makeDisk(root: string, disk: string, folder: string): void {
  run('truncate', ['-s', String(DISK_BYTES), disk]);
  const start = PARTITION_OFFSET / SECTOR;
  run('sfdisk', ['-q', disk], { input: `label: dos\nstart=${start}, type=83, bootable\n`, env: withSbin() });
  const blocks = (DISK_BYTES - PARTITION_OFFSET) / 4096;
  const options = ['-q', '-t', 'ext4', '-b', '4096', '-d', root, '-E', `offset=${PARTITION_OFFSET}`];
  run('mke2fs', [...options, disk, String(blocks)], { seconds: 600, env: withSbin() });
  const core = join(folder, 'core.img');
  const modules = ['biosdisk', 'part_msdos', 'ext2', 'normal', 'linux', 'configfile'];
  const prefix = '(hd0,msdos1)/boot/grub';
  run('grub-mkimage', ['-O', 'i386-pc', '-p', prefix, '-o', core, ...modules]);
  if (statSync(core).size > PARTITION_OFFSET - SECTOR) throw new InfrastructureError('GRUB is too large');
  const write = (file: string, ...more: readonly string[]) =>
    run('dd', [`if=${file}`, `of=${disk}`, 'conv=notrunc', 'status=none', ...more]);
  write(join(GRUB, 'boot.img'), 'bs=440', 'count=1');
  write(core, 'bs=512', 'seek=1');
}

function withSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
}
