// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import type { Spec } from '../../model/object.ts';
import { type Fields, given, present, toNumber, unlessZero } from '../fields.ts';
import { number, shared } from '../link/setting.ts';
import { type QdiscOptions, qdiscKind } from './kind.ts';
import { parseProbability, renderProbability } from './probability.ts';
import { nsToTicks, ticksToUs } from './psched.ts';
import { wideRate } from './rate.ts';
import { type DeclaredQdisc, Probability, type QdiscSetting, Quantity, wholeSwitch } from './setting.ts';
import { parseFineTime, parseRate, renderFineTime, renderRate } from './units.ts';

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

/** The values of a group of settings, each brought to its canonical text. */
type Texts = Readonly<Record<string, (value: never) => unknown>>;

function group(description: string, fields: Readonly<Record<string, TSchema>>, texts: Texts, first: string) {
  const optional = Object.entries(fields).map(([name, schema]) => [
    name,
    name === first ? schema : Type.Optional(schema),
  ]);
  const canonical = (value: Spec) =>
    Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, text((value[name] ?? 0) as never)]),
    );
  const schema = Type.Object(Object.fromEntries(optional) as Record<string, TSchema>, {
    additionalProperties: false,
    description,
  });
  return { canonical, setting: shared(schema, canonical) };
}

const probability = (value: string | number) => renderProbability(parseProbability(value));

/** A probability and how much the last decision counts. */
function chances(name: string, description: string): QdiscSetting {
  const fields = {
    [name]: Probability(description),
    correlation: Probability('How much the last one counts'),
  };
  const { setting, canonical } = group(
    description,
    fields,
    { [name]: probability, correlation: probability },
    name,
  );
  return { ...setting, observed: (shown?: Spec) => canonical(shown ?? {}) };
}

const fine = (value: string | number) => renderFineTime(parseFineTime(value));
const delayGroup = group(
  'How long packets are held',
  {
    delay: Quantity('How long: 10ms, or nanoseconds'),
    jitter: Quantity('How much more or less: 1ms, or nanoseconds'),
    correlation: Probability('How much the last one counts'),
  },
  { delay: fine, jitter: fine, correlation: probability },
  'delay',
);

const bytes = (description: string, minimum = 0) =>
  Type.Integer({ description, minimum, maximum: 0x7fff_ffff });
const same = (value: number) => value;
const rateGroup = group(
  'A link of this rate',
  {
    rate: Quantity('50mbit, or bytes per second'),
    packetoverhead: bytes('Bytes that each packet has more', -0x7fff_ffff),
    cellsize: bytes('Bytes of a cell of the link'),
    celloverhead: bytes('Bytes that each cell has more', -0x7fff_ffff),
  },
  {
    rate: (value: string | number) => renderRate(parseRate(value)),
    packetoverhead: same,
    cellsize: same,
    celloverhead: same,
  },
  'rate',
);

const NS_PER_SECOND = 1e9;

/** How it is declared (netem_change()). */
export const declaredNetem: DeclaredQdisc = {
  kind: 'netem',
  config: 'CONFIG_NET_SCH_NETEM',
  settings: {
    limit: number('limit', 'Packets that may wait', 0, 0xffff_ffff),
    delay: {
      ...delayGroup.setting,
      observed: ({ delay = 0, jitter = 0, correlation = 0 }: Readonly<Record<string, number>> = {}) =>
        delayGroup.canonical({
          delay: Math.round(delay * NS_PER_SECOND),
          jitter: Math.round(jitter * NS_PER_SECOND),
          correlation,
        }),
    },
    'loss-random': chances('loss', 'Packets that are lost'),
    duplicate: chances('duplicate', 'Packets that come twice'),
    reorder: chances('reorder', 'Packets that are not held'),
    corrupt: chances('corrupt', 'Packets with a wrong bit'),
    gap: { ...number('gap', 'Packets that are held before one may overtake', 0, 0xffff_ffff), silent: 0 },
    rate: rateGroup.setting,
    ecn: wholeSwitch('Mark packets in place of losing them'),
  },
  settled(settings, complain) {
    if (settings['reorder'] !== undefined && settings['delay'] === undefined)
      complain('reorder', 'needs `delay`: what is not held overtakes what is');
    return settings;
  },
  whole,
};

const DEFAULT_LIMIT = 1000;
const NO_CHANCE: Spec = {};

function whole(settings: Spec) {
  const { limit = DEFAULT_LIMIT, ecn } = settings;
  const of = (name: string) => (settings[name] ?? NO_CHANCE) as Readonly<Record<string, string>>;
  const chance = (group: string, name = group) => parseProbability(of(group)[name] ?? 0);
  const correlation = (group: string) => chance(group, 'correlation');
  const ns = (name: string) => parseFineTime(of('delay')[name] ?? 0);
  // An overtaking packet needs one to overtake.
  const gap = (settings['gap'] as number | undefined) || (chance('reorder') > 0 ? 1 : 0);
  const { rate, packetoverhead = 0, cellsize = 0, celloverhead = 0 } = (settings['rate'] ?? {}) as Spec;
  const speed = rate === undefined ? undefined : parseRate(rate as string);
  return {
    header: {
      latency: nsToTicks(ns('delay')),
      limit,
      loss: chance('loss-random', 'loss'),
      gap,
      duplicate: chance('duplicate'),
      jitter: nsToTicks(ns('jitter')),
    },
    latency64: BigInt(ns('delay')),
    jitter64: BigInt(ns('jitter')),
    corr: {
      delayCorr: correlation('delay'),
      lossCorr: correlation('loss-random'),
      dupCorr: correlation('duplicate'),
    },
    reorder: { probability: chance('reorder'), correlation: correlation('reorder') },
    corrupt: { probability: chance('corrupt'), correlation: correlation('corrupt') },
    ecn: ecn === true ? 1 : 0,
    ...(speed !== undefined && {
      rate: {
        rate: Math.min(speed, 0xffff_ffff),
        packetOverhead: packetoverhead,
        cellSize: cellsize,
        cellOverhead: celloverhead,
      },
      ...wideRate('rate64', speed),
    }),
  };
}
