// SPDX-License-Identifier: Apache-2.0
import { type NamespaceIo, NETLINK, type ProgramHost } from '../../kernel/ports.ts';
import type { PolicyOperation } from '../../model/policy.ts';
import type { GenericFamilies } from './generic-families.ts';
import type { Effect } from './sink.ts';

/** Takes steps of network policy, and puts those that were staged in force together. */
export interface PolicyStage {
  readonly hasStaged: boolean;
  stage(operation: PolicyOperation): void;
  /** @throws {WeirError}, {KernelError}; then nothing of it is in force. */
  commit(): Promise<void>;
  discard(): void;
  /** Whether what is in force has a say about a device of this name. */
  covers(netns: string, device: string): boolean;
  /** Have the programs on such devices, as far as they are there. @throws {WeirError}, {KernelError}. */
  protect(netns: string, devices: readonly string[]): Promise<void>;
}

/** Who carries out what is not the kernel's own. */
export interface Hosts {
  readonly programs: ProgramHost;
  readonly policies: PolicyStage;
}

/** Do what is not rtnetlink. @throws {WeirError} as the namespace says it. */
export async function carryOut(
  effect: Effect,
  io: NamespaceIo,
  families: GenericFamilies,
  hosts: Hosts,
): Promise<void> {
  switch (effect.kind) {
    case 'genl': {
      const transport = await io.netlink(NETLINK.GENERIC);
      return families.request(transport, effect.family, effect.command, effect.payload);
    }
    case 'file':
      return io[effect.root].write(effect.path, effect.text);
    case 'tun':
      return io.tun(effect.settings);
    case 'program':
      return hosts.programs.carryOut(effect.operation, io);
    case 'policy':
      return hosts.policies.stage(effect.operation);
  }
}
