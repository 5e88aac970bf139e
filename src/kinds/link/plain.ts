// SPDX-License-Identifier: Apache-2.0
import type { LinkKind } from './kind.ts';
import type { DeclaredKind } from './setting.ts';

/** Kinds that have no settings to show: their devices are ends of something. */
export const PLAIN_KINDS: readonly LinkKind[] = ['veth', 'ifb', 'dummy', 'nlmon', 'wireguard'].map(
  (kind) => ({
    kind,
    render: () => ({}),
  }),
);

/** How the kinds without settings of their own are declared. */
export const DECLARED_PLAIN: readonly DeclaredKind[] = [
  { kind: 'dummy', config: 'CONFIG_DUMMY', settings: {} },
  { kind: 'ifb', config: 'CONFIG_IFB', settings: {} },
  { kind: 'wireguard', config: 'CONFIG_WIREGUARD', settings: {} },
];
