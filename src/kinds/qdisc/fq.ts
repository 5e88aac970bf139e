// SPDX-License-Identifier: Apache-2.0
import { given, present, unlessZero } from '../fields.ts';
import { qdiscKind } from './kind.ts';

const NONE = 0xffff_ffff;
const unlessNone = (value: number | undefined) => (value === NONE ? undefined : value);

/** Fair queueing with pacing (net/sched/sch_fq.c). Timer slack in nanoseconds. */
export const fq = qdiscKind('fq', (d) =>
  present({
    limit: d.plimit,
    flow_limit: d.flowPlimit,
    buckets: given(d.bucketsLog, (log) => 2 ** log),
    orphan_mask: d.orphanMask,
    bands: d.priomap?.bands,
    priomap: given(d.priomap, ({ priomap }) => [...priomap]),
    weights: d.weights,
    quantum: d.quantum,
    initial_quantum: d.initialQuantum,
    pacing: d.rateEnable === 0 ? false : undefined,
    maxrate: unlessNone(d.flowMaxRate),
    defrate: unlessZero(d.flowDefaultRate),
    low_rate_threshold: unlessZero(d.lowRateThreshold),
    refill_delay: d.flowRefillDelay,
    ce_threshold: unlessNone(d.ceThreshold),
    timer_slack: d.timerSlack,
    horizon: d.horizon,
    horizon_drop: d.horizonDrop === 1 ? null : undefined,
    horizon_cap: d.horizonDrop === 0 ? null : undefined,
  }),
);
