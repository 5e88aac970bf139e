// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import { present, unlessZero, whenSet } from '../fields.ts';
import { fixed, number, whenOn } from '../link/setting.ts';
import { qdiscKind } from './kind.ts';
import type { DeclaredQdisc } from './setting.ts';

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

/** How it is declared (sfq_change()). */
export const declaredSfq: DeclaredQdisc = {
  kind: 'sfq',
  config: 'CONFIG_NET_SCH_SFQ',
  settings: {
    limit: number('limit', 'Packets that may wait', 2, 65536),
    quantum: number('quantum', 'Bytes that a flow may send in its turn', 1, 0x7fff_ffff),
    depth: number('depth', 'Packets of one flow that may wait', 1, 65534),
    headdrop: whenOn('headdrop', 'Drop the oldest packet of a flow, not the newest'),
    divisor: fixed(number('divisor', 'Size of the table of flows, a power of two', 1, 65536)),
    perturb: { ...number('perturb', 'Seconds until flows are spread anew', 0, 0x7fff_ffff), silent: 0 },
  },
  settled(settings, complain) {
    if (!Number.isInteger(Math.log2((settings['divisor'] ?? 1) as number)))
      complain('divisor', 'must be a power of two');
    return settings;
  },
  whole: ({ limit = 0, quantum = 0, depth = 0, headdrop, divisor = 0, perturb = 0 }: Spec) => ({
    header: {
      v0: { quantum, perturbPeriod: perturb, limit, divisor, flows: 0 },
      depth,
      headdrop: headdrop === true ? 1 : 0,
    },
  }),
};
