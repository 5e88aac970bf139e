// SPDX-License-Identifier: Apache-2.0
// libvirtd of one run's own, in a network namespace and on folders of its own: bridges, taps, dnsmasq and rules stay in
// there, and nothing of it is left at the end. It needs neither systemd nor dbus.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.ts';
import { type Background, background, InfrastructureError, run, until } from './process.ts';

const LIBVIRTD = `unix_sock_group = "root"
auth_unix_ro = "none"
auth_unix_rw = "none"
`;
const QEMU = `user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
`;

export interface Libvirt {
  /** Words before a program that is to talk to it. */
  readonly inside: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The pool that boxes and disks go to. */
  readonly pool: string;
  /** Process ids of its virtual machines by name. */
  machines(): ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Folders of libvirt that are this run's own: nothing of it is seen outside, nor left there. */
const FOLDERS = {
  etc: '/etc/libvirt',
  run: '/run/libvirt',
  lib: '/var/lib/libvirt',
  log: '/var/log/libvirt',
  cache: '/var/cache/libvirt',
};
const POOL = 'weir';
/** The file with the name of the run's network namespace. */
const NAMESPACE = 'namespace';
let made: readonly string[] = [];

/** Start libvirtd with its files below `folder`. @throws InfrastructureError */
export async function startLibvirt(folder: string): Promise<Libvirt> {
  const former = join(folder, NAMESPACE);
  // a run that was killed could end nothing
  if (existsSync(former)) await end(folder, readFileSync(former, 'utf8'), undefined);
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['pool', 'home', ...Object.keys(FOLDERS)])
    mkdirSync(join(folder, name), { recursive: true });
  // where they are missing, what is mounted on goes as well
  made = Object.values(FOLDERS).filter((path) => !existsSync(path));
  run('cp', ['-a', '/etc/libvirt/.', join(folder, 'etc')]);
  rmSync(join(folder, 'etc/qemu/networks'), { recursive: true, force: true });
  writeFileSync(join(folder, 'etc/libvirtd.conf'), LIBVIRTD);
  writeFileSync(join(folder, 'etc/qemu.conf'), QEMU);
  const namespace = `weir-vm-${randomBytes(3).toString('hex')}`;
  writeFileSync(former, namespace);
  run('ip', ['netns', 'add', namespace]);
  run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  let daemon: Background | undefined;
  try {
    const mounts = Object.entries(FOLDERS).map(
      ([name, path]) => `mkdir -p ${path} && mount --bind ${folder}/${name} ${path}`,
    );
    const start = [...mounts, `exec libvirtd -p ${folder}/libvirtd.pid`].join(' && ');
    daemon = background('ip', ['netns', 'exec', namespace, 'sh', '-c', start], join(folder, 'libvirtd.log'));
    return await ready(folder, namespace, daemon);
  } catch (error) {
    await end(folder, namespace, daemon);
    throw error;
  }
}

async function ready(folder: string, namespace: string, daemon: Background): Promise<Libvirt> {
  const inside = ['nsenter', '-t', String(daemon.pid), '-m', '-n'];
  const env = environment(folder);
  const virsh = (...args: readonly string[]) =>
    run('nsenter', [...inside.slice(1), 'virsh', '-q', ...args], { env, seconds: 60 });
  const answers = () => quietly(() => virsh('version')) !== undefined;
  if (!(await until(answers, 60, daemon.ended)))
    throw new InfrastructureError(
      `libvirtd does not answer: ${readFileSync(join(folder, 'libvirtd.log'), 'utf8')}`,
    );
  virsh('pool-define-as', POOL, 'dir', '--target', join(folder, 'pool'));
  virsh('pool-start', POOL);
  return {
    inside,
    env,
    pool: POOL,
    machines: () => machinesOf(join(folder, 'run/qemu')),
    stop: () => end(folder, namespace, daemon),
  };
}

function environment(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${process.env['PATH']}:/usr/sbin:/sbin`,
    LIBVIRT_DEFAULT_URI: 'qemu:///system',
    VAGRANT_DEFAULT_PROVIDER: 'libvirt',
    VAGRANT_CHECKPOINT_DISABLE: '1',
    VAGRANT_NO_COLOR: '1',
    VAGRANT_CWD: join(ROOT, 'vagrant'),
    VAGRANT_HOME: join(folder, 'home'),
    VAGRANT_DOTFILE_PATH: join(folder, 'dot'),
    HOME: join(folder, 'home'),
  };
}

/** `driver.pid` is that of libvirtd itself. */
function machinesOf(folder: string): ReadonlyMap<string, number> {
  const files = (existsSync(folder) ? readdirSync(folder) : []).filter(
    (name) => name.endsWith('.pid') && name !== 'driver.pid',
  );
  return new Map(files.map((name) => [name.slice(0, -4), Number(readFileSync(join(folder, name), 'utf8'))]));
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** End libvirtd and whatever it left in its namespace, by process id; then the namespace and the files go. */
async function end(folder: string, namespace: string, daemon: Background | undefined): Promise<void> {
  const pids = () =>
    (quietly(() => run('ip', ['netns', 'pids', namespace])) ?? '').split('\n').filter(Boolean);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of pids()) quietly(() => process.kill(Number(pid), signal));
    await until(() => pids().length === 0, 20);
  }
  await daemon?.kill();
  quietly(() => run('ip', ['netns', 'del', namespace]));
  for (const path of made) quietly(() => rmdirSync(path));
  rmSync(folder, { recursive: true, force: true });
}
