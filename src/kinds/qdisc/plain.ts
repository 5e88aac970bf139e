// SPDX-License-Identifier: Apache-2.0
import type { QdiscKind } from './kind.ts';

/** Qdiscs without settings. */
export const PLAIN_QDISCS: readonly QdiscKind[] = ['noqueue', 'noop', 'mq', 'ingress', 'clsact', 'drr'].map(
  (kind) => ({ kind, render: () => ({}) }),
);
