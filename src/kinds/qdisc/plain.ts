// SPDX-License-Identifier: Apache-2.0

import type { QdiscKind } from './kind.ts';
import type { DeclaredQdisc } from './setting.ts';

/** Qdiscs without settings. */
export const PLAIN_QDISCS: readonly QdiscKind[] = ['noqueue', 'noop', 'mq', 'ingress', 'clsact', 'drr'].map(
  (kind) => ({ kind, render: () => ({}) }),
);

/** Qdiscs without settings that a document can declare. */
export const DECLARED_PLAIN: readonly DeclaredQdisc[] = [
  { kind: 'noqueue', config: 'CONFIG_NET_SCHED', settings: {} },
  { kind: 'mq', config: 'CONFIG_NET_SCHED', settings: {} },
  { kind: 'ingress', config: 'CONFIG_NET_SCH_INGRESS', settings: {}, place: 'ingress' },
  { kind: 'clsact', config: 'CONFIG_NET_SCH_INGRESS', settings: {}, place: 'clsact' },
];
