// SPDX-License-Identifier: Apache-2.0
import type { LinkKind } from './kind.ts';

/** Kinds that have no settings to show: their devices are ends of something. */
export const PLAIN_KINDS: readonly LinkKind[] = ['veth', 'ifb', 'dummy', 'nlmon', 'wireguard'].map(
  (kind) => ({
    kind,
    render: () => ({}),
  }),
);
