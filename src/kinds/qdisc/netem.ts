// SPDX-License-Identifier: Apache-2.0
import { type Fields, given, present, toNumber, unlessZero } from '../fields.ts';
import { type QdiscOptions, qdiscKind } from './kind.ts';
import { ticksToUs } from './psched.ts';

type NetemOptions = Extract<QdiscOptions, { readonly kind: 'netem' }>;

/** A probability as the kernel scales it, 0 to 1. */
const fraction = (value: number) => value / 0xffff_ffff;

/** Network emulator (net/sched/sch_netem.c netem_dump()). Delays in seconds, probabilities 0 to 1. */
export const netem = qdiscKind('netem', (d) =>
  present({
    limit: d.header.limit,
    delay: delay(d),
    'loss-random': chance('loss', d.header.loss, d.corr?.lossCorr),
    'loss-state': given(d.loss?.gi, ({ p13, p31, p32, p23, p14 }) => ({
      p13: fraction(p13),
      p31: fraction(p31),
      p32: fraction(p32),
      p23: fraction(p23),
      p14: fraction(p14),
    })),
    'loss-gemodel': given(d.loss?.ge, ({ p, r, h, k1 }) => ({
      p: fraction(p),
      r: fraction(r),
      '1-h': 1 - fraction(h),
      '1-k': fraction(k1),
    })),
    duplicate: chance('duplicate', d.header.duplicate, d.corr?.dupCorr),
    reorder: chance('reorder', d.reorder?.probability ?? 0, d.reorder?.correlation),
    corrupt: chance('corrupt', d.corrupt?.probability ?? 0, d.corrupt?.correlation),
    rate: given(d.rate, (spec) => ({
      rate: toNumber(d.rate64) ?? spec.rate,
      packetoverhead: spec.packetOverhead,
      cellsize: spec.cellSize,
      celloverhead: spec.cellOverhead,
    })),
    ecn: d.ecn === undefined || d.ecn === 0 ? undefined : true,
    gap: unlessZero(d.header.gap),
    seed: toNumber(d.prngSeed),
  }),
);

function delay({ header, latency64, jitter64, corr }: NetemOptions): Fields | undefined {
  const latency = given(latency64, nsToSeconds) ?? ticksToUs(header.latency) / 1e6;
  const jitter = given(jitter64, nsToSeconds) ?? ticksToUs(header.jitter) / 1e6;
  if (latency === 0 && jitter === 0) return undefined;
  return { delay: latency, jitter, correlation: fraction(corr?.delayCorr ?? 0) };
}

const nsToSeconds = (ns: bigint) => Number(ns) / 1e9;

function chance(name: string, probability: number, correlation: number | undefined): Fields | undefined {
  if (probability === 0) return undefined;
  return { [name]: fraction(probability), correlation: fraction(correlation ?? 0) };
}
