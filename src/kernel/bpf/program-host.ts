// SPDX-License-Identifier: Apache-2.0
import { HOOKS } from '../../codec/bpf/hooks.ts';
import type { ProgramOperation } from '../../codec/bpf/program.ts';
import type { HookProgram, NamespaceIo, ProgramHost } from '../ports.ts';
import { attach, detach, openFunction, unlink } from './host/attach.ts';
import { functionsIn, mustFit } from './host/inspect.ts';
import { install, isInstalled, tryOut } from './host/install.ts';
import { installedProgram } from './host/installed.ts';
import { NoteBook, type Shelves } from './host/notes.ts';
import { ObjectStore } from './host/object-store.ts';
import { Pins } from './host/pins.ts';
import { xdpPrograms } from './host/xdp.ts';
import { queryHook } from './links.ts';

/** Where the host keeps what it keeps. */
export interface HostSettings {
  /** In a bpffs. */
  readonly pinDir: string;
  readonly stateDir: string;
  /** Directory of public keys: objects that none of them has signed are refused. */
  readonly keyDir?: string;
}

/** The host of operators' programs. Nothing is opened or loaded before it is needed; libbpf only to load an object. */
export function createProgramHost({ pinDir, stateDir, keyDir }: HostSettings): ProgramHost {
  const shelves: Shelves = { pins: new Pins(pinDir), notes: new NoteBook(stateDir) };
  const objects = new ObjectStore(stateDir, keyDir);
  return {
    async carryOut(operation, io) {
      await carryOut(shelves, objects, operation, io);
    },
    installed: (netns) => {
      const all = shelves.pins.names().map((name) => installedProgram(shelves, name));
      return netns === undefined ? all : all.filter((one) => one.netns === netns);
    },
    onHook: async (io, ifindex, hook): Promise<readonly HookProgram[]> => {
      if (hook !== 'xdp') return queryHook(io.fd, ifindex, HOOKS[hook].attachType).programs;
      return (await xdpPrograms(io, ifindex)).map((program) => ({ program, link: 0 }));
    },
    openFunction: (program, name) => openFunction(shelves, program, name),
    remove: (name) => remove(shelves, name),
    async check(object, uses, load) {
      shelves.pins.mustBePossible();
      const bytes = await objects.bytesOf(object);
      mustFit(functionsIn(bytes), uses);
      if (load) tryOut((await import('./load.ts')).loadObject, object, bytes);
    },
    async store(digest, bytes) {
      functionsIn(bytes);
      await objects.put(digest, bytes);
    },
  };
}

async function carryOut(
  shelves: Shelves,
  objects: ObjectStore,
  operation: ProgramOperation,
  io: NamespaceIo,
): Promise<void> {
  switch (operation.op) {
    case 'install': {
      const { object } = operation;
      const { name } = io.netns;
      const isWhole = installedProgram(shelves, object.name).state === 'whole';
      if (isWhole && isInstalled(shelves.notes.read(object.name), name, object)) return;
      const bytes = await objects.bytesOf(object);
      await objects.put(object.digest, bytes);
      return install(shelves, (await import('./load.ts')).loadObject, name, object, bytes);
    }
    case 'remove':
      return remove(shelves, operation.name);
    case 'attach':
      return attach(shelves, io, operation.attachment, operation.ifindex);
    case 'detach':
      return detach(shelves, operation.attachment);
  }
}

function remove(shelves: Shelves, name: string): void {
  for (const link of shelves.pins.list(name, 'links')) unlink(shelves, name, link);
  shelves.pins.dropAll(name);
  shelves.notes.drop(name);
}
