// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync, statSync } from 'node:fs';
import os from 'node:os';
import { ERRNO } from '../../../base/errno.gen.ts';
import { messageOf, WeirError } from '../../../base/errors.ts';
import { KernelError } from '../../../base/kernel-error.ts';
import { HOOKS } from '../../../codec/bpf/hooks.ts';
import type { ProgramAttachment } from '../../../codec/bpf/program.ts';
import { ENOTSUPP } from '../../errno.ts';
import type { NamespaceIo } from '../../ports.ts';
import {
  ATTACH,
  attachTcx,
  attachTo,
  attachTracepoint,
  attachXdp,
  detachLink,
  linkInfo,
  type Place,
  queryHook,
  replaceProgram,
} from '../links.ts';
import { programInfo } from '../programs.ts';
import { objectInfo, openId } from '../syscall.ts';
import type { Shelves } from './notes.ts';
import { linkName, using } from './pins.ts';
import { xdpPrograms } from './xdp.ts';

/** BPF_PROG_TYPE_TRACING: its tracepoint or function is fixed when it is loaded. */
const TRACING = 26;
/** Where functions have none: of the kernel's own kind, or of user space's. */
const NO_TRAMPOLINES: readonly number[] = [ENOTSUPP, ERRNO.EOPNOTSUPP];
/** Kinds of links that know a device (enum bpf_link_type). */
const DEVICE_LINKS: readonly number[] = [6, 11];

/**
 * Attach a pinned program, or put it in the place of the one that the link runs.
 * @throws {WeirError} `BPF_BUSY` where XDP has a program of somebody else, `BPF_FEATURE`; {KernelError}.
 */
export async function attach(
  shelves: Shelves,
  io: NamespaceIo,
  attachment: ProgramAttachment,
  ifindex: number,
): Promise<void> {
  const { pins, notes } = shelves;
  const { of, program } = attachment;
  const name = linkName(attachment);
  const fd = openFunction(shelves, of, program);
  try {
    if (!isReplaced(shelves, attachment, ifindex, fd)) {
      pins.drop(of, 'links', name);
      const link = await makeLink(shelves, io, attachment, ifindex, fd);
      using(link, () => pins.put(of, 'links', name, link));
    }
  } finally {
    closeSync(fd);
  }
  const known = notes.read(of);
  if (known !== undefined)
    notes.write(of, { ...known, attachments: { ...known.attachments, [name]: attachment } });
}

/** A pinned function. @throws {WeirError} `BPF_OBJECT` when there is none. */
export function openFunction({ pins }: Shelves, of: string, program: string): number {
  const fd = pins.open(of, 'programs', program);
  if (fd !== undefined) return fd;
  throw new WeirError('BPF_OBJECT', {
    problem: `nothing named "${program}" of the program ${of} is pinned`,
  });
}

/** Detach a link and forget it. Nothing happens when it is not there. */
export function detach({ pins, notes }: Shelves, attachment: ProgramAttachment): void {
  const { of } = attachment;
  const name = linkName(attachment);
  unlink({ pins, notes }, of, name);
  const known = notes.read(of);
  if (known === undefined) return;
  const { [name]: _, ...attachments } = known.attachments;
  notes.write(of, { ...known, attachments });
}

/** Take a link off its hook at once: the kernel would do it some time after the last descriptor is closed. */
export function unlink({ pins }: Shelves, of: string, name: string): void {
  const fd = pins.open(of, 'links', name);
  if (fd !== undefined)
    using(fd, () => {
      try {
        detachLink(fd);
      } catch (error) {
        // links of tracepoints and functions are only ever closed
        if (!(error instanceof KernelError)) throw error;
      }
    });
  pins.drop(of, 'links', name);
}

/** True when the link hangs on what the attachment names. */
export function isAttached(link: number, { hook, cgroup }: ProgramAttachment): boolean {
  const { type, ifindex } = linkInfo(link);
  if (DEVICE_LINKS.includes(type)) return ifindex !== 0;
  return HOOKS[hook].place !== 'cgroup' || cgroupOf(link) === inodeOf(cgroup);
}

function cgroupOf(link: number): bigint {
  return objectInfo(link).getBigUint64(16, true);
}

/** What stands for a cgroup in the kernel; undefined when there is none. */
function inodeOf(cgroup: string | undefined): bigint | undefined {
  return statSync(cgroup ?? '', { bigint: true, throwIfNoEntry: false })?.ino;
}

function isReplaced(
  { pins }: Shelves,
  attachment: ProgramAttachment,
  ifindex: number,
  program: number,
): boolean {
  const link = pins.open(attachment.of, 'links', linkName(attachment));
  if (link === undefined) return false;
  return using(link, () => {
    const info = linkInfo(link);
    const here = attachment.dev === undefined || info.ifindex === ifindex;
    if (!here || isFixed(attachment) || !isAttached(link, attachment)) return false;
    if (info.program !== programInfo(program).id) replaceProgram(link, program);
    return true;
  });
}

async function makeLink(
  shelves: Shelves,
  io: NamespaceIo,
  attachment: ProgramAttachment,
  ifindex: number,
  program: number,
): Promise<number> {
  const { hook, cgroup } = attachment;
  const { place, attachType } = HOOKS[hook];
  if (isFixed(attachment)) return attachToEvent(program, attachment);
  if (place === 'cgroup') return attachToCgroup(cgroup ?? '', program, attachType);
  if (hook === 'xdp') return attachToXdp(io, attachment, ifindex, program);
  return attachToTcx(shelves, io, attachment, ifindex, program);
}

/** True for a link that never gets another program: of a tracepoint, or a function of the kernel. */
export function isFixed({ hook }: ProgramAttachment): boolean {
  const { place } = HOOKS[hook];
  return place === 'tracepoint' || place === 'function';
}

/**
 * Attach to a tracepoint or a function of the kernel, whose name a BTF-typed program knows itself. @returns the link.
 * @throws {WeirError} `BPF_FEATURE` where the kernel has no trampolines of functions.
 */
export function attachToEvent(
  program: number,
  { hook, tracepoint, function: of }: ProgramAttachment,
): number {
  try {
    return programInfo(program).type === TRACING
      ? attachTracepoint(program)
      : attachTracepoint(program, tracepoint);
  } catch (cause) {
    if (of === undefined || !(cause instanceof KernelError) || !NO_TRAMPOLINES.includes(cause.errno))
      throw cause;
    const problem = `the kernel lets nobody onto its function ${of} (${cause.errnoName}): it needs CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS`;
    throw new WeirError('BPF_FEATURE', { feature: hook, problem }, { cause });
  }
}

function attachToCgroup(path: string, program: number, type: number): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw new WeirError('VALUE', { what: `cgroup ${path}`, problem: messageOf(error) });
  }
  return using(fd, () => {
    try {
      return attachTo(fd, program, type);
    } catch (error) {
      if (!(error instanceof KernelError) || error.errno !== ERRNO.EBADF) throw error;
      throw new WeirError('VALUE', { what: path, problem: 'is no directory of a cgroup of version 2' });
    }
  });
}

/** In the driver where it can, else in the stack: which one it became is in the device's attributes. */
async function attachToXdp(
  io: NamespaceIo,
  attachment: ProgramAttachment,
  ifindex: number,
  program: number,
): Promise<number> {
  const modes = attachment.mode === undefined ? (['native', 'generic'] as const) : [attachment.mode];
  for (const mode of modes)
    try {
      return attachXdp(io.fd, program, ifindex, mode);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (error.errno === ERRNO.EBUSY || error.errno === ERRNO.EEXIST)
        throw await busy(io, attachment, ifindex, error);
      if (mode === modes.at(-1) || error.errno === ERRNO.ENODEV) throw error;
    }
  throw new RangeError('there is always a mode');
}

async function busy(
  io: NamespaceIo,
  attachment: ProgramAttachment,
  ifindex: number,
  cause: KernelError,
): Promise<WeirError> {
  const [id = 0] = await xdpPrograms(io, ifindex);
  const problem = 'XDP runs one program for each device; detach it, or leave the device out';
  const program = `${nameOfProgram(id)} (id ${id})`;
  return new WeirError('BPF_BUSY', { hook: 'xdp', dev: attachment.dev, program, problem }, { cause });
}

/** Name of a program by its id; '' when it is gone. */
export function nameOfProgram(id: number): string {
  const fd = openId('PROG', id);
  return fd === undefined ? '' : using(fd, () => programInfo(fd).name);
}

function attachToTcx(
  shelves: Shelves,
  io: NamespaceIo,
  attachment: ProgramAttachment,
  ifindex: number,
  program: number,
): number {
  const side = attachment.hook === 'tcx-ingress' ? 'ingress' : 'egress';
  const { place, close } = placeOf(shelves, attachment);
  try {
    return attachTcx(io.fd, program, ifindex, side, place);
  } catch (error) {
    throw hasTcx(io, ifindex) ? error : withoutTcx(error);
  } finally {
    close();
  }
}

function placeOf(
  { pins }: Shelves,
  attachment: ProgramAttachment,
): { readonly place: Place; readonly close: () => void } {
  const { order, hook, dev = '' } = attachment;
  if (typeof order !== 'object')
    return { place: { side: order === 'first' ? 'before' : 'after' }, close: () => {} };
  const side = 'before' in order ? 'before' : 'after';
  const other = 'before' in order ? order.before : order.after;
  const link = pins.open(other, 'links', linkName({ of: other, program: '', hook, dev }));
  if (link === undefined)
    throw new WeirError('BPF_OBJECT', {
      problem: `the program ${other} is not attached to ${hook} of ${dev}`,
    });
  return { place: { side, link }, close: () => closeSync(link) };
}

function hasTcx(io: NamespaceIo, ifindex: number): boolean {
  try {
    queryHook(io.fd, ifindex, ATTACH.TCX_INGRESS);
    return true;
  } catch (error) {
    return !(error instanceof KernelError && error.errno === ERRNO.EINVAL);
  }
}

function withoutTcx(cause: unknown): WeirError {
  const problem = `Linux ${os.release()} does not have it, 6.6 and later do: use clsact-ingress and clsact-egress`;
  return new WeirError('BPF_FEATURE', { feature: 'tcx', problem }, { cause });
}
