// SPDX-License-Identifier: Apache-2.0

import type { Spec } from '../../model/object.ts';
import { given, present, unlessZero } from '../fields.ts';
import { number } from '../link/setting.ts';
import { keptBurst } from './burst.ts';
import { type QdiscOptions, qdiscKind } from './kind.ts';
import { bytesToTicks, roundestBytes, ticksToBytes, ticksToUs } from './psched.ts';
import { rateOf, rateSpec, wideRate } from './rate.ts';
import { type ComplainOf, type DeclaredQdisc, folded, rate, size, time } from './setting.ts';
import { parseRate, parseSize, parseTime, renderRate, renderSize } from './units.ts';

type TbfOptions = Extract<QdiscOptions, { readonly kind: 'tbf' }>;

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

/** How a TBF is declared (net/sched/sch_tbf.c tbf_change()). */
export const declaredTbf: DeclaredQdisc = {
  kind: 'tbf',
  config: 'CONFIG_NET_SCH_TBF',
  settings: {
    rate: rate('rate', 'How much passes'),
    burst: size('burst', 'What may pass at once'),
    limit: size('limit', 'Bytes that may wait; or give `latency`'),
    latency: folded(time('latency', 'How long a packet may wait; it makes `limit`')),
    peakrate: rate('peakrate', 'How fast a burst passes'),
    minburst: size('minburst', 'What may pass at once at `peakrate`: a packet at least'),
    overhead: number('overhead', 'Bytes that each packet has more on the wire', 0, 0xffff),
    mpu: number('mpu', 'Bytes that a packet has at least', 0, 0xffff),
  },
  required: ['rate', 'burst'],
  settled,
  whole,
  seen: (options) => seen(options as TbfOptions),
};

/** The kernel keeps bursts in nanoseconds of 32 bits. */
const MAX_TICKS = Math.floor(0xffff_ffff / 64);

function settled({ latency, ...rest }: Spec, complain: ComplainOf): Spec {
  if ((latency === undefined) === (rest['limit'] === undefined))
    complain('limit', 'and `latency` exclude each other: give one of them');
  if ((rest['peakrate'] === undefined) !== (rest['minburst'] === undefined))
    complain('peakrate', 'goes with `minburst`: give both or none');
  const rate = parseRate(rest['rate'] as string);
  const peak = rest['peakrate'] === undefined ? undefined : parseRate(rest['peakrate'] as string);
  if (rate === 0) complain('rate', 'must be more than zero');
  if (peak !== undefined && peak <= rate) complain('peakrate', 'must be more than `rate`');
  if (rate === 0 || peak === 0) return rest;
  return present({
    ...rest,
    burst: keptBurst(rest, 'burst', rate, MAX_TICKS, complain),
    minburst: peak && keptBurst(rest, 'minburst', peak, MAX_TICKS, complain),
    limit: latency === undefined ? rest['limit'] : limitOf(rest, rate, peak, parseTime(latency as string)),
  });
}

/** A queue that is emptied within the latency, once the burst is spent. */
function limitOf(given: Spec, rate: number, peak: number | undefined, us: number): string {
  const waiting = (at: number, burst: string) =>
    Math.trunc((at * us) / 1_000_000) + parseSize(given[burst] as string);
  const limits = [waiting(rate, 'burst')];
  if (peak !== undefined && given['minburst'] !== undefined) limits.push(waiting(peak, 'minburst'));
  return renderSize(Math.min(...limits));
}

function whole(settings: Spec) {
  const { overhead = 0, mpu = 0 } = settings as Readonly<Record<string, number>>;
  const of = (name: string, parse: (text: string) => number) =>
    settings[name] === undefined ? 0 : parse(settings[name] as string);
  const [rate, peak] = [of('rate', parseRate), of('peakrate', parseRate)];
  return {
    parms: {
      rate: rateSpec(rate, overhead, mpu),
      peakrate: peak === 0 ? NO_RATE : rateSpec(peak, overhead, mpu),
      limit: of('limit', parseSize),
      buffer: bytesToTicks(rate, of('burst', parseSize)),
      mtu: peak === 0 ? 0 : bytesToTicks(peak, of('minburst', parseSize)),
    },
    ...wideRate('rate64', rate),
    ...wideRate('prate64', peak),
  };
}

const NO_RATE = { cellLog: 0, linklayer: 0, overhead: 0, cellAlign: 0, mpu: 0, rate: 0 };

function seen({ parms, rate64, prate64 }: TbfOptions): Spec {
  if (parms === undefined) return {};
  const rate = rateOf(parms.rate, rate64);
  const peak = unlessZero(rateOf(parms.peakrate, prate64));
  return present({
    rate: renderRate(rate),
    burst: renderSize(roundestBytes(rate, parms.buffer)),
    peakrate: given(peak, renderRate),
    minburst: given(peak, (at) => renderSize(roundestBytes(at, parms.mtu))),
    limit: renderSize(parms.limit),
    overhead: parms.rate.overhead,
    mpu: parms.rate.mpu,
  });
}
