// SPDX-License-Identifier: Apache-2.0
import { altHex, type Fields, given, present, unlessZero } from '../fields.ts';
import { type QdiscOptions, qdiscKind } from './kind.ts';
import { ticksToBytes } from './psched.ts';
import { rateOf } from './rate.ts';

type HtbOptions = Extract<QdiscOptions, { readonly kind: 'htb' }>;

/** Hierarchical token bucket (net/sched/sch_htb.c htb_dump(), htb_dump_class()). */
export const htb = qdiscKind(
  'htb',
  ({ init, directQlen, offload }) =>
    present({
      r2q: init?.rate2quantum,
      default: given(init?.defcls, altHex),
      direct_packets_stat: init?.directPkts,
      direct_qlen: directQlen,
      offload,
    }),
  renderClass,
);

function renderClass({ parms, rate64, ceil64 }: HtbOptions): Fields {
  if (parms === undefined) return {};
  const rate = rateOf(parms.rate, rate64);
  const ceil = rateOf(parms.ceil, ceil64);
  const leaf = parms.level === 0;
  return present({
    prio: leaf ? parms.prio : undefined,
    quantum: leaf ? parms.quantum : undefined,
    rate,
    overhead: unlessZero(parms.rate.overhead),
    ceil,
    burst: ticksToBytes(rate, parms.buffer),
    mpu: unlessZero(parms.rate.mpu),
    cburst: ticksToBytes(ceil, parms.cbuffer),
    level: parms.level,
  });
}
