// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import { number } from '../link/setting.ts';
import { qdiscKind } from './kind.ts';
import { type DeclaredQdisc, size } from './setting.ts';
import { parseSize } from './units.ts';

/** A queue with a limit in packets (net/sched/sch_fifo.c). */
export const pfifo = qdiscKind('pfifo', ({ header }) => ({ limit: header.limit }));
/** A queue with a limit in bytes. */
export const bfifo = qdiscKind('bfifo', ({ header }) => ({ limit: header.limit }));
/** A queue that drops its oldest packet when full. */
export const pfifoHeadDrop = qdiscKind('pfifo_head_drop', ({ header }) => ({ limit: header.limit }));

/** How they are declared. Without a limit it is the length of the device's own queue. */
export const DECLARED_FIFOS: readonly DeclaredQdisc[] = [
  {
    kind: 'pfifo',
    config: 'CONFIG_NET_SCH_FIFO',
    settings: { limit: number('limit', 'Packets that may wait', 0, 0xffff_ffff) },
    whole: ({ limit }: Spec) => (limit === undefined ? {} : { header: { limit } }),
  },
  {
    kind: 'bfifo',
    config: 'CONFIG_NET_SCH_FIFO',
    settings: { limit: size('limit', 'Bytes that may wait') },
    whole: ({ limit }: Spec) =>
      limit === undefined ? {} : { header: { limit: parseSize(limit as string) } },
  },
];
