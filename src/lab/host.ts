// SPDX-License-Identifier: Apache-2.0
import type { NamespaceIo, Namespaces } from '../kernel/ports.ts';

/** What a lab needs of the machine beyond netlink. The composition root implements it. */
export interface LabHost {
  readonly namespaces: Namespaces;
  /** Create a named namespace, as `ip netns add` does. @throws {WeirError} when the name is taken. */
  create(name: string): Promise<void>;
  /** Remove the name; the kernel frees the namespace when nothing uses it any more. */
  remove(name: string): Promise<void>;
  /** Write a file below /proc/sys as the namespace sees it. */
  writeSysctl(netns: NamespaceIo, path: string, value: string): Promise<void>;
  /** Replace this process by `command` inside the namespace. Returns only by throwing. */
  exec(netns: NamespaceIo, command: readonly string[]): never;
}
