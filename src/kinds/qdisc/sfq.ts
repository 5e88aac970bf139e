// SPDX-License-Identifier: Apache-2.0
import { present, unlessZero, whenSet } from '../fields.ts';
import { qdiscKind } from './kind.ts';

/** Stochastic fairness queueing (net/sched/sch_sfq.c sfq_dump()). Perturbation in seconds. */
export const sfq = qdiscKind('sfq', ({ header: { v0, depth, headdrop } }) =>
  present({
    limit: v0.limit,
    quantum: v0.quantum,
    depth: unlessZero(depth),
    headdrop: whenSet(headdrop),
    divisor: unlessZero(v0.divisor),
    perturb: unlessZero(v0.perturbPeriod),
  }),
);
