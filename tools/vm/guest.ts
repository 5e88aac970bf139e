// SPDX-License-Identifier: Apache-2.0
// A guest that runs on this machine's root and checkout with a kernel of its own: QEMU without hardware virtualisation,
// virtiofs for the root (read-only) and for a folder of results. Everything ends with it.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { secondsLeft } from './budget.ts';
import { writeInitramfs } from './initramfs.ts';
import type { GuestKernel } from './kernels.ts';
import { ROOT } from './paths.ts';
import { type Background, background, InfrastructureError, until } from './process.ts';

const VIRTIOFSD = '/usr/lib/qemu/virtiofsd';
const BOOT_SECONDS = 180;

export interface GuestJob {
  readonly kernel: GuestKernel;
  /** Shell commands that the guest runs as root, in `/`. `$RESULTS` is no variable: the folder is /results. */
  readonly script: string;
  /** Where the guest's files of results are, emptied first. */
  readonly results: string;
  /** Bound of the job's own time, after the boot. */
  readonly seconds: number;
  readonly memoryMb?: number;
  /** A raw image that is /dev/vda in the guest, and outlives it. */
  readonly disk?: string;
  /** Runs beside the job once the guest has booted; `cut` ends QEMU as a power cut does. */
  readonly beside?: (guest: {
    readonly cut: () => Promise<void>;
    readonly ended: () => boolean;
  }) => Promise<void>;
  /** Words for the kernel's command line. */
  readonly parameters?: readonly string[];
}

/** How a job ended. Its files are in the folder of results, `log` among them. */
export interface GuestEnd {
  /** Exit status of the script; undefined when the guest died or hung before its end. */
  readonly status: number | undefined;
  readonly bootSeconds: number;
  readonly seconds: number;
  /** The serial console. */
  readonly console: string;
}

/** Boot a guest, run a job, power off. @throws InfrastructureError when it does not come up. */
export async function runGuest(job: GuestJob): Promise<GuestEnd> {
  rmSync(job.results, { recursive: true, force: true });
  mkdirSync(job.results, { recursive: true });
  const work = `${job.results}.work`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const running: Background[] = [];
  try {
    writeFileSync(join(job.results, 'job'), `echo > /results/booted\ncd ${ROOT}\n${job.script}\n`);
    writeInitramfs(job.kernel, join(work, 'initramfs'));
    for (const [tag, folder] of Object.entries({ root: '/', results: job.results }))
      running.push(await shareFolder(work, tag, folder));
    const started = performance.now();
    const qemu = background('qemu-system-x86_64', qemuArguments(job, work), join(work, 'qemu.log'));
    running.push(qemu);
    return await follow(job, qemu, work, started);
  } finally {
    for (const one of running.reverse()) await one.kill();
    rmSync(work, { recursive: true, force: true });
  }
}

async function follow(job: GuestJob, qemu: Background, work: string, started: number): Promise<GuestEnd> {
  const has = (name: string) => () => existsSync(join(job.results, name));
  const console = () => readIfThere(join(work, 'console')) + readIfThere(join(work, 'qemu.log'));
  const up = await until(has('booted'), BOOT_SECONDS, qemu.ended);
  if (!up) throw new InfrastructureError(`the guest did not boot:\n${console().slice(-3000)}`);
  const booted = performance.now();
  await job.beside?.({ cut: () => qemu.kill(), ended: qemu.ended });
  await until(has('status'), job.seconds, () => qemu.ended() || secondsLeft() < 0);
  const ended = performance.now();
  const status = has('status')() ? Number(readFileSync(join(job.results, 'status'), 'utf8')) : undefined;
  await qemu.wait(15);
  return {
    status,
    bootSeconds: (booted - started) / 1000,
    seconds: (ended - booted) / 1000,
    console: console(),
  };
}

async function shareFolder(work: string, tag: string, folder: string): Promise<Background> {
  const socket = join(work, `${tag}.sock`);
  const log = join(work, `${tag}.log`);
  const cache = tag === 'root' ? 'always' : 'none';
  const options = ['-o', `source=${folder}`, '-o', 'sandbox=chroot', '-o', `cache=${cache}`];
  const daemon = background(VIRTIOFSD, [`--socket-path=${socket}`, ...options], log);
  if (await until(() => existsSync(socket), 20, daemon.ended)) return daemon;
  await daemon.kill();
  throw new InfrastructureError(`virtiofsd does not share ${folder}: ${readIfThere(log).slice(-1000)}`);
}

function qemuArguments(job: GuestJob, work: string): readonly string[] {
  const memory = job.memoryMb ?? 768;
  const share = (tag: string) => [
    ...['-chardev', `socket,id=${tag},path=${join(work, `${tag}.sock`)}`],
    ...['-device', `vhost-user-fs-pci,chardev=${tag},tag=${tag}`],
  ];
  const words = [
    'console=ttyS0',
    'quiet',
    'panic=-1',
    'mitigations=off',
    'net.ifnames=0',
    `weir.modules=${job.kernel.tree}/lib/modules`,
    `weir.run=${join(ROOT, 'tools/vm/guest/start.sh')}`,
    ...(job.parameters ?? []),
  ];
  return [
    ...MACHINE,
    ...['-m', String(memory), '-smp', '1'],
    ...['-object', `memory-backend-memfd,id=m,size=${memory}M,share=on`, '-numa', 'node,memdev=m'],
    ...['-kernel', job.kernel.vmlinuz, '-initrd', join(work, 'initramfs'), '-append', words.join(' ')],
    ...share('root'),
    ...share('results'),
    // two network cards with a cable between them
    ...['-netdev', 'hubport,id=n0,hubid=0', '-device', 'virtio-net-pci,netdev=n0'],
    ...['-netdev', 'hubport,id=n1,hubid=0', '-device', 'virtio-net-pci,netdev=n1'],
    ...(job.disk === undefined ? [] : ['-drive', `file=${job.disk},if=virtio,format=raw,cache=writeback`]),
    ...['-serial', `file:${join(work, 'console')}`],
  ];
}

/**
 * Emulation in software, asked for by name: /dev/kvm can be there and not work. Without cx16 on the guest's processor, or
 * kernel 6.12 dies under QEMU 7.2 in every second boot.
 */
export const MACHINE: readonly string[] = [
  ...['-machine', 'pc', '-accel', 'tcg,thread=multi,tb-size=256', '-cpu', 'Nehalem,-cx16'],
  ...['-display', 'none', '-monitor', 'none', '-no-reboot', '-nodefaults', '-no-user-config'],
];

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
