// SPDX-License-Identifier: Apache-2.0
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import process from 'node:process';
import { messageOf, WeirError } from '../base/errors.ts';
import { checked } from '../kernel/errno.ts';
import { createNamespace, deleteNamespace, namespaces } from '../kernel/namespaces.ts';
import { native } from '../kernel/native.ts';
import type { NamespaceIo } from '../kernel/ports.ts';
import type { LabHost } from '../lab/host.ts';
import { requestPaths } from './request-paths.ts';

/** This machine, as a lab needs it. */
export function labHost(): LabHost {
  return {
    namespaces: namespaces({ resolvePath: requestPaths }),
    create: async (name) => createNamespace(name),
    remove: async (name) => deleteNamespace(name),
    writeSysctl,
    exec: (io, command) => execIn(io, command),
  };
}

async function writeSysctl({ proc, netns }: NamespaceIo, path: string, value: string): Promise<void> {
  try {
    await proc.write(`sys/${path}`, value);
  } catch (cause) {
    const operation = `write ${path} in the network namespace ${netns.name}`;
    throw new WeirError('LAB', { problem: `${operation}: ${messageOf(cause)}` }, { cause });
  }
}

function execIn({ fd, netns }: NamespaceIo, command: readonly string[]): never {
  checked(`enter the network namespace ${netns.name}`, native().netnsEnter(fd));
  const [name = '', ...args] = command;
  const file = programAt(name);
  if (process.execve === undefined) throw new WeirError('LAB', { problem: 'this Node has no execve()' });
  // A script without an interpreter goes to the shell, as execvp(3) does it.
  if (isImage(file)) return process.execve(file, [...command]);
  return process.execve('/bin/sh', ['sh', file, ...args]);
}

/** execve() that fails ends the process with a dump, so what can be known is found out before. */
function programAt(name: string): string {
  const files = candidates(name).filter(isFile);
  const file = files.find(isExecutable);
  if (file !== undefined) return file;
  if (files.length === 0) throw new WeirError('PROGRAM_NOT_FOUND', { name });
  throw new WeirError('PROGRAM_NOT_EXECUTABLE', { name, problem: 'permission denied' });
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** True for what the kernel loads: ELF, scripts that name their interpreter, and what cannot be read. */
function isImage(file: string): boolean {
  const start = Buffer.alloc(4);
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return true;
  }
  try {
    readSync(fd, start);
  } finally {
    closeSync(fd);
  }
  return start.toString('latin1') === '\x7fELF' || start.toString('latin1', 0, 2) === '#!';
}

/** Where execvp(3) would look. */
function candidates(name: string): readonly string[] {
  if (name.includes('/')) return [name];
  return (process.env['PATH'] ?? '').split(':').map((directory) => `${directory || '.'}/${name}`);
}
