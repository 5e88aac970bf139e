// SPDX-License-Identifier: Apache-2.0
// libvirtd of one run's own, in a network namespace and on folders of its own: bridges, taps, dnsmasq and rules stay in
// there, and nothing of it is left at the end. It needs neither systemd nor dbus.
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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

/** Start libvirtd with its files below `folder`. @throws InfrastructureError */
export async function startLibvirt(folder: string): Promise<Libvirt> {
  if (existsSync('/run/libvirt/libvirt-sock-ro') || isRunning('/run/libvirtd.pid'))
    throw new InfrastructureError('a libvirtd runs here already: end it, two of them do not go together');
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['pool', 'home']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'libvirtd.conf'), LIBVIRTD);
  writeFileSync(join(folder, 'qemu.conf'), QEMU);
  const namespace = `weir-vm-${randomBytes(3).toString('hex')}`;
  run('ip', ['netns', 'add', namespace]);
  run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  let daemon: Background | undefined;
  try {
    const start =
      `mount --bind ${folder}/qemu.conf /etc/libvirt/qemu.conf && ` +
      `exec libvirtd -f ${folder}/libvirtd.conf -p ${folder}/libvirtd.pid`;
    const args = ['netns', 'exec', namespace, 'sh', '-c', start];
    daemon = background('ip', args, join(folder, 'libvirtd.log'));
    return await ready(folder, namespace, daemon);
  } catch (error) {
    await end(folder, namespace, daemon);
    throw error;
  }
}

async function ready(folder: string, namespace: string, daemon: Background): Promise<Libvirt> {
  const inside = ['ip', 'netns', 'exec', namespace];
  const env = {
    ...process.env,
    PATH: `${process.env['PATH']}:/usr/sbin:/sbin`,
    LIBVIRT_DEFAULT_URI: 'qemu:///system',
    VAGRANT_DEFAULT_PROVIDER: 'libvirt',
    VAGRANT_CHECKPOINT_DISABLE: '1',
    VAGRANT_NO_COLOR: '1',
    VAGRANT_HOME: join(folder, 'home'),
    VAGRANT_DOTFILE_PATH: join(folder, 'dot'),
    HOME: join(folder, 'home'),
  };
  const virsh = (...args: readonly string[]) =>
    run('ip', [...inside.slice(1), 'virsh', '-q', ...args], { env, seconds: 60 });
  const pool = 'weir';
  const answers = () => {
    try {
      virsh('version');
      return true;
    } catch {
      return false;
    }
  };
  if (!(await until(answers, 60, daemon.ended)))
    throw new InfrastructureError(
      `libvirtd does not answer: ${readFileSync(join(folder, 'libvirtd.log'), 'utf8')}`,
    );
  virsh('pool-define-as', pool, 'dir', '--target', join(folder, 'pool'));
  virsh('pool-start', pool);
  return {
    inside,
    env,
    pool,
    machines: () => machinesOf(),
    stop: async () => {
      for (const command of [
        ['list', '--all', '--name'],
        ['net-list', '--all', '--name'],
      ] as const) {
        const names = quietly(() => virsh(...command))?.split('\n') ?? [];
        for (const name of names.filter((one) => one.trim() !== ''))
          for (const verb of command[0] === 'list'
            ? [['destroy'], ['undefine', '--nvram']]
            : [['net-destroy'], ['net-undefine']])
            quietly(() => virsh(verb[0] as string, name.trim(), ...verb.slice(1)));
      }
      for (const verb of ['pool-destroy', 'pool-undefine']) quietly(() => virsh(verb, pool));
      await end(folder, namespace, daemon);
    },
  };
}

function machinesOf(): ReadonlyMap<string, number> {
  const folder = '/run/libvirt/qemu';
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.pid')) : [];
  return new Map(files.map((name) => [name.slice(0, -4), Number(readFileSync(join(folder, name), 'utf8'))]));
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** End libvirtd, and whatever else it left in its namespace, by process id; then the namespace goes. */
async function end(folder: string, namespace: string, daemon: Background | undefined): Promise<void> {
  const pid = quietly(() => Number(readFileSync(join(folder, 'libvirtd.pid'), 'utf8')));
  if (pid !== undefined) quietly(() => process.kill(pid, 'SIGTERM'));
  await daemon?.wait(20);
  await daemon?.kill();
  const left = quietly(() => run('ip', ['netns', 'pids', namespace]))?.split('\n') ?? [];
  for (const one of left.filter((line) => line !== '')) quietly(() => process.kill(Number(one), 'SIGKILL'));
  await delay(500);
  quietly(() => run('ip', ['netns', 'del', namespace]));
  rmSync(folder, { recursive: true, force: true });
}

function isRunning(file: string): boolean {
  const pid = quietly(() => Number(readFileSync(file, 'utf8')));
  return pid !== undefined && quietly(() => readlinkSync(`/proc/${pid}/exe`))?.includes('libvirtd') === true;
}
