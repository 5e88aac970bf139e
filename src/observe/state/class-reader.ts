// SPDX-License-Identifier: Apache-2.0
import type { NamespaceIo, ProgramHost } from '../../kernel/ports.ts';
import type { ClassName, Spec } from '../../model/object.ts';
import type { LinkTable } from '../link-table.ts';

/** Which objects of one class are wanted. */
export interface Want {
  readonly keys: ReadonlySet<string>;
  /** Names of devices: also everything that stands on them. */
  readonly onLinks: ReadonlySet<string>;
  /** Names of devices: also routes whose preferred source is an address of them. */
  readonly fromLinks: ReadonlySet<string>;
  /** Ids: also groups and routes that use one of these nexthops. */
  readonly byNexthops: ReadonlySet<string>;
  /** Everything that a document can declare and that somebody configured. */
  readonly all: boolean;
}

/** What every reader of a namespace works with. */
export interface ReadContext {
  readonly io: NamespaceIo;
  /** The devices and addresses, read at the start. */
  readonly links: LinkTable;
  readonly programs: ProgramHost;
  nameOf(ifindex: number): string;
  /** Index of a device, undefined when there is none of that name. */
  indexOf(name: string): number | undefined;
}

/** Reads the objects of one class. What it gives beyond what is wanted is dropped by its caller. */
export interface ClassReader {
  readonly class: ClassName;
  /** @throws {KernelError} */
  read(context: ReadContext, want: Want, found: Found): Promise<void>;
}

/** Takes an object; `key` spares finding its key again. */
export type Found = (spec: Spec, key?: string) => void;

/** True when an object of this key, on this device, is wanted. */
export function isWanted(want: Want, key: string, dev?: string): boolean {
  return want.all || want.keys.has(key) || (dev !== undefined && want.onLinks.has(dev));
}
