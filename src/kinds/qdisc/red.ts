// SPDX-License-Identifier: Apache-2.0
import { present } from '../fields.ts';
import { qdiscKind } from './kind.ts';

/** TC_RED_* by bit (include/uapi/linux/pkt_sched.h). */
const FLAGS = ['ecn', 'harddrop', 'adaptive', 'nodrop'];

/** Random early detection (net/sched/sch_red.c red_dump()). Sizes in bytes. */
export const red = qdiscKind('red', ({ parms, flags }) => {
  if (parms === undefined) return {};
  const bits = parms.flags | (flags?.value ?? 0);
  const set = FLAGS.filter((_, bit) => (bits & (1 << bit)) !== 0).map((name) => [name, true]);
  return present({
    limit: parms.limit,
    min: parms.qthMin,
    max: parms.qthMax,
    ...Object.fromEntries(set),
    ewma: parms.wlog,
  });
});
