// SPDX-License-Identifier: Apache-2.0
import { accessSync, closeSync, constants, statSync, writeFileSync } from 'node:fs';
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
    writeSysctl: async (io, path, value) => writeSysctl(io, path, value),
    exec: (io, command) => execIn(io, command),
  };
}

/** The addon opens the file inside the namespace; the descriptor leads to that very file for writing, too. */
function writeSysctl({ fd, netns }: NamespaceIo, path: string, value: string): void {
  const operation = `write ${path} in the network namespace ${netns.name}`;
  const file = checked(operation, native().netnsOpen(fd, `/proc/sys/${path}`));
  try {
    writeFileSync(`/proc/self/fd/${file}`, value);
  } catch (cause) {
    throw new WeirError('LAB', { problem: `${operation}: ${messageOf(cause)}` }, { cause });
  } finally {
    closeSync(file);
  }
}

function execIn({ fd, netns }: NamespaceIo, command: readonly string[]): never {
  checked(`enter the network namespace ${netns.name}`, native().netnsEnter(fd));
  const [name = ''] = command;
  const file = candidates(name).find(isExecutable);
  if (file === undefined || process.execve === undefined)
    throw new WeirError('NOT_FOUND', { what: 'program', name, hint: ' in PATH' });
  return process.execve(file, [...command]);
}

/** execve() that fails ends the process, so it has to be known before. */
function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Where execvp(3) would look. */
function candidates(name: string): readonly string[] {
  if (name.includes('/')) return [name];
  return (process.env['PATH'] ?? '').split(':').map((directory) => `${directory || '.'}/${name}`);
}
