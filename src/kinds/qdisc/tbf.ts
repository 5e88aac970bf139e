// SPDX-License-Identifier: Apache-2.0
import { given, present, unlessZero } from '../fields.ts';
import { qdiscKind } from './kind.ts';
import { ticksToBytes, ticksToUs } from './psched.ts';
import { rateOf } from './rate.ts';

/** Token bucket filter (net/sched/sch_tbf.c tbf_dump()). */
export const tbf = qdiscKind('tbf', ({ parms, rate64, prate64 }) => {
  if (parms === undefined) return {};
  const rate = rateOf(parms.rate, rate64);
  const peakrate = unlessZero(rateOf(parms.peakrate, prate64));
  // Longest wait of a byte in a full queue, at both rates.
  const waits = [(1_000_000 * parms.limit) / rate - ticksToUs(parms.buffer)];
  if (peakrate !== undefined) waits.push((1_000_000 * parms.limit) / peakrate - ticksToUs(parms.mtu));
  const lat = Math.max(...waits);
  return present({
    rate,
    burst: ticksToBytes(rate, parms.buffer),
    peakrate,
    minburst: given(peakrate, (rate) => unlessZero(ticksToBytes(rate, parms.mtu))),
    lat: lat >= 0 ? Math.trunc(lat) : undefined,
    limit: parms.limit,
    overhead: unlessZero(parms.rate.overhead),
  });
});
