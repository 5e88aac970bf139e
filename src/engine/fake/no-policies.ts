// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import type { PolicyStage } from '../execute/effects.ts';
import type { PolicyControl } from '../parts.ts';

/** A host of a node without network policy. For tests that are about something else. */
export const noPolicies: PolicyControl & PolicyStage = {
  errors: async () => [],
  warnings: async () => [],
  guard: () => {},
  settle: async () => {},
  hasStaged: false,
  stage: () => {
    throw new WeirError('BPF_FEATURE', { feature: 'network policy', problem: 'this node has none' });
  },
  commit: async () => {},
  discard: () => {},
  covers: () => false,
  protect: async () => {},
};
