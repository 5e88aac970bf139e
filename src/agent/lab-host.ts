// SPDX-License-Identifier: Apache-2.0
import { accessSync, closeSync, constants, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { WeirError } from '../base/errors.ts';
import { checked } from '../kernel/errno.ts';
import { createNamespace, deleteNamespace, namespaces } from '../kernel/namespaces.ts';
import { native } from '../kernel/native.ts';
import type { NamespaceIo } from '../kernel/ports.ts';
import type { LabHost } from '../lab/host.ts';

/** This machine, as a lab uses it. */
export function labHost(): LabHost {
  return {
    namespaces: namespaces(),
    create: async (name) => createNamespace(name),
    remove: async (name) => deleteNamespace(name),
    writeSysctl: async (netns, path, value) => writeSysctl(netns, path, value),
    exec: (netns, command) => execIn(netns, command),
  };
}

/** The descriptor is of the namespace's own file, and opening it again for writing reaches the same one. */
function writeSysctl({ netns, fd }: NamespaceIo, path: string, value: string): void {
  const file = checked(`open ${path} in ${netns.name}`, native().netnsOpen(fd, `/proc/sys/${path}`));
  try {
    writeFileSync(`/proc/self/fd/${file}`, value);
  } finally {
    closeSync(file);
  }
}

function execIn({ netns, fd }: NamespaceIo, command: readonly string[]): never {
  const file = findProgram(command[0] ?? '');
  checked(`enter the network namespace ${netns.name}`, native().netnsEnter(fd));
  process.execve?.(file, command, process.env);
  throw new WeirError('INTERNAL', { problem: `this version of Node cannot execute ${file}` });
}

/** As a shell finds it: a path as it is, a name by PATH. */
function findProgram(name: string): string {
  if (name.includes('/')) return name;
  const folders = (process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined) throw new WeirError('NOT_FOUND', { what: 'program', name, hint: ' in PATH' });
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
