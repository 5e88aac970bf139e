// SPDX-License-Identifier: Apache-2.0
import { present } from '../fields.ts';
import { qdiscKind } from './kind.ts';

/** Traffic classes over hardware queues (net/sched/sch_mqprio.c). Queues as first and last index. */
export const mqprio = qdiscKind('mqprio', ({ header }) => {
  const { numTc, count, offset } = header;
  return present({
    tc: numTc,
    map: [...header.prioTcMap],
    queues: Array.from({ length: numTc }, (_, i) => [offset[i] ?? 0, (offset[i] ?? 0) + (count[i] ?? 0) - 1]),
    offload: header.hw === 0 ? undefined : true,
  });
});
