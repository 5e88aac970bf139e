// SPDX-License-Identifier: Apache-2.0
import { present, whenSet } from '../fields.ts';
import { qdiscKind } from './kind.ts';

/** Controlled delay (net/sched/sch_codel.c). */
export const codel = qdiscKind('codel', (d) =>
  present({
    limit: d.limit,
    target: d.target,
    ce_threshold: d.ceThreshold,
    interval: d.interval,
    ecn: whenSet(d.ecn),
  }),
);
