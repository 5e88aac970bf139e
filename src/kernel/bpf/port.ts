// SPDX-License-Identifier: Apache-2.0
// The interfaces between Weir and eBPF in the kernel: maps, ring buffers, operators' programs.
import type { Wire } from '../../base/wire.ts';
import type { HookName } from '../../codec/bpf/hooks.ts';
import type { ProgramAttachment, ProgramObject, ProgramOperation } from '../../codec/bpf/program.ts';
import type { NamespaceIo } from '../ports.ts';

/** A map of eBPF programs. Calls are system calls on the thread that calls. All throw {@link KernelError}. */
export interface BpfMap {
  readonly fd: number;
  readonly id: number;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Values of one key: 1, or as many as possible CPUs. */
  readonly cpus: number;
  /** Bytes from one CPU's value to the next. */
  readonly stride: number;
  /** The value, or all CPUs' values one behind the other. */
  lookup(key: Uint8Array): Uint8Array | undefined;
  update(key: Uint8Array, value: Uint8Array): void;
  /** @returns whether it was there. */
  delete(key: Uint8Array): boolean;
  entries(): MapEntries;
  /**
   * Write `count` entries that stand one behind the other. `inPlace` (of values with a lock) writes into entries that
   * exist: a program that looks at one keeps looking at this one.
   */
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number, inPlace?: boolean): void;
  /** Remove entries; those that are not there are passed over. */
  deleteBatch(keys: Uint8Array, count: number): void;
  /** Close the descriptor. After that all else fails with EBADF, also when the number is another descriptor's by then. */
  close(): void;
}

/** Entries of a map: key i is at `i * keySize`, its value on CPU c at `(i * cpus + c) * stride`. */
export interface MapEntries {
  readonly count: number;
  readonly keys: Wire;
  readonly values: Wire;
  readonly keySize: number;
  readonly stride: number;
  readonly cpus: number;
}

/** An operator's program as it is in the kernel. */
export interface InstalledProgram {
  /** The namespace that it was declared for. */
  readonly netns: string;
  readonly name: string;
  /** `whole`: all that was pinned is there. `unknown`: nothing tells what it was made from. */
  readonly state: 'whole' | 'incomplete' | 'damaged' | 'unknown';
  /** As it was installed last; absent when that is unknown. */
  readonly object?: ProgramObject;
  /** Functions and maps by name, with the kernel's ids. */
  readonly programs: Readonly<Record<string, number>>;
  readonly maps: Readonly<Record<string, number>>;
  readonly links: readonly InstalledLink[];
}

/** A pinned link, where it is attached now. */
export interface InstalledLink {
  /** Whose function is `(other)` when the link runs none of the program's. */
  readonly attachment: ProgramAttachment;
  readonly link: number;
  /** Id of the program that it runs. */
  readonly program: number;
  /** 0: of no device, or its device is gone, or it was detached. */
  readonly ifindex: number;
  /** False when it hangs on nothing any more. */
  readonly attached: boolean;
}

/** Loads, attaches and keeps operators' programs: pinned in a bpffs, with notes of what they are made from. */
export interface ProgramHost {
  /**
   * Carry out one step, in the namespace.
   * @throws {WeirError} `BPF_OBJECT`, `BPF_VERIFIER`, `BPF_FEATURE`, {KernelError}; then nothing new is left.
   */
  carryOut(operation: ProgramOperation, io: NamespaceIo): Promise<void>;
  /** What is installed for a namespace; of all namespaces when absent. */
  installed(netns?: string): readonly InstalledProgram[];
  /**
   * Ids of the programs on a hook of a device, in the order in which they run.
   * @throws {KernelError} EINVAL where the kernel has no such hook.
   */
  onHook(io: NamespaceIo, ifindex: number, hook: HookName): Promise<readonly HookProgram[]>;
  /** A descriptor of a function of an installed program, which the caller closes. @throws {WeirError} `BPF_OBJECT`. */
  openFunction(program: string, name: string): number;
  /** Take a program away that nobody declares, whose namespace is gone: nothing else would. */
  remove(name: string): void;
  /** What is wrong with an object, without changing anything. `load` also gives it to the kernel for a moment. */
  check(object: ProgramObject, functions: readonly FunctionUse[], load: boolean): Promise<void>;
  /** Keep an object under its digest. @throws {WeirError} `BPF_OBJECT` when it has another. */
  store(digest: string, bytes: Uint8Array): Promise<void>;
}

/** A function and the hook that it is for. */
export interface FunctionUse {
  readonly program: string;
  readonly hook: HookName;
  /** Of the kernel, of fentry and fexit. */
  readonly function?: string;
}

/** A program on a hook. */
export interface HookProgram {
  readonly program: number;
  readonly link: number;
}

/** Receives one record of a ring buffer: `[start, end)` of `wire`, valid during the call. */
export type RingSink = (wire: Wire, start: number, end: number) => void;

export interface BpfRingReader {
  /** Hand over what is there now. */
  drain(): void;
  close(): void;
}
