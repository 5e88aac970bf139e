// SPDX-License-Identifier: Apache-2.0
import { present, whenSet } from '../fields.ts';
import { qdiscKind } from './kind.ts';

/** Fair queueing with controlled delay (net/sched/sch_fq_codel.c). */
export const fqCodel = qdiscKind('fq_codel', (d) =>
  present({
    limit: d.limit,
    flows: d.flows,
    quantum: d.quantum,
    target: d.target,
    ce_threshold: d.ceThreshold,
    interval: d.interval,
    memory_limit: d.memoryLimit,
    ecn: whenSet(d.ecn),
    drop_batch: d.dropBatchSize,
  }),
);
