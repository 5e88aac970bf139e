// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import type { ProgramHost } from '../../kernel/ports.ts';

/** A host of a node without eBPF. For tests that are about something else. */
export const noPrograms: ProgramHost = {
  carryOut: async () => refuse(),
  installed: () => [],
  onHook: async () => [],
  openFunction: refuse,
  remove: refuse,
  check: async () => refuse(),
  store: async () => refuse(),
};

function refuse(): never {
  throw new WeirError('BPF_FEATURE', { feature: 'eBPF', problem: 'this node has none' });
}
