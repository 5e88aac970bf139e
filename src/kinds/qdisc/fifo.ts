// SPDX-License-Identifier: Apache-2.0
import { qdiscKind } from './kind.ts';

/** A queue with a limit in packets (net/sched/sch_fifo.c). */
export const pfifo = qdiscKind('pfifo', ({ header }) => ({ limit: header.limit }));
/** A queue with a limit in bytes. */
export const bfifo = qdiscKind('bfifo', ({ header }) => ({ limit: header.limit }));
/** A queue that drops its oldest packet when full. */
export const pfifoHeadDrop = qdiscKind('pfifo_head_drop', ({ header }) => ({ limit: header.limit }));
