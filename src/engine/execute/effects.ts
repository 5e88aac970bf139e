// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import { type NamespaceIo, NETLINK, type ProgramHost } from '../../kernel/ports.ts';
import type { GenericFamilies } from './generic-families.ts';
import type { Effect } from './sink.ts';

/** Do what is not rtnetlink. @throws {WeirError} as the namespace says it. */
export async function carryOut(
  effect: Effect,
  io: NamespaceIo,
  families: GenericFamilies,
  programs: ProgramHost,
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
      return programs.carryOut(effect.operation, io);
    case 'policy':
      throw new WeirError('BPF_FEATURE', {
        feature: 'network policy',
        problem: 'this agent has no policy host; take the documents about policy out',
      });
  }
}
