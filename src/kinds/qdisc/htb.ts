// SPDX-License-Identifier: Apache-2.0

import { Type } from 'typebox';
import type { Spec } from '../../model/object.ts';
import { altHex, type Fields, given, present, unlessZero } from '../fields.ts';
import { fixed, number } from '../link/setting.ts';
import { keptBurst } from './burst.ts';
import { type QdiscOptions, qdiscKind } from './kind.ts';
import { bytesToTicks, roundestBytes, ticksToBytes } from './psched.ts';
import { rateOf, rateSpec, wideRate } from './rate.ts';
import {
  type ComplainOf,
  type DeclaredOptions,
  type DeclaredQdisc,
  rate,
  size,
  wholeSwitch,
} from './setting.ts';
import { parseRate, parseSize, renderRate, renderSize } from './units.ts';

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

/** tc's own (tc/q_htb.c): a packet of Ethernet. */
const DEFAULT_BURST = 1600;
const VERSION = 3;

const Minor = Type.String({
  description: "Class of what no filter takes, its minor number in hexadecimal as in its id: '0x20' is 1:20",
  pattern: '^(0x)?[0-9a-fA-F]{1,4}$',
});

/** How a class of an HTB is declared (net/sched/sch_htb.c htb_change_class()). */
const declaredHtbClass: DeclaredOptions = {
  settings: {
    rate: rate('rate', 'What it gets in any case'),
    ceil: rate('ceil', 'What it may take when others leave it, `rate` when absent'),
    burst: size('burst', 'What it may send at once at `ceil`'),
    cburst: size('cburst', 'What it may send at once beyond `ceil`'),
    prio: number('prio', 'Who is asked first when something is left: 0 to 7', 0, 7),
    quantum: number('quantum', 'Bytes that it takes in a turn', 1, 0xffff_ffff),
    overhead: number('overhead', 'Bytes that each packet has more on the wire', 0, 0xffff),
    mpu: number('mpu', 'Bytes that a packet has at least', 0, 0xffff),
  },
  required: ['rate'],
  settled: settledClass,
  whole: classParms,
  seen: (options) => seenClass(options as HtbOptions),
};

/** How an HTB is declared. The kernel changes nothing of it (htb_qdisc_ops has no change()). */
export const declaredHtb: DeclaredQdisc = {
  kind: 'htb',
  config: 'CONFIG_NET_SCH_HTB',
  settings: {
    default: fixed({
      schema: Minor,
      canonical: (text: string) => altHex(Number.parseInt(text, 16)),
      attributes: () => ({}),
    }),
    r2q: fixed(number('r2q', "Divisor that makes a class's quantum of its rate", 1, 0xffff_ffff)),
    direct_qlen: fixed(number('directQlen', 'Packets that no class takes and that may wait', 0, 0xffff_ffff)),
    offload: { ...wholeSwitch('Let the device do it'), fixed: true },
  },
  whole: ({ default: minor = '0', r2q = 10, direct_qlen: directQlen, offload }: Spec) => ({
    init: { version: VERSION, rate2quantum: r2q, defcls: Number(minor), debug: 0, directPkts: 0 },
    ...(directQlen !== undefined && { directQlen }),
    ...(offload === true && { offload: true }),
  }),
  classes: declaredHtbClass,
};

/** Bursts become those that the kernel keeps. */
function settledClass(given: Spec, complain: ComplainOf): Spec {
  const [rate, ceil] = [given['rate'], given['ceil'] ?? given['rate']].map((text) =>
    parseRate(text as string),
  ) as [number, number];
  if (rate === 0) complain('rate', 'must be more than zero');
  if (ceil < rate) complain('ceil', 'must not be less than `rate`');
  if (rate === 0 || ceil < rate) return given;
  return present({
    ...given,
    ceil: renderRate(ceil),
    burst: keptBurst(given, 'burst', rate, 0xffff_ffff, complain),
    cburst: keptBurst(given, 'cburst', ceil, 0xffff_ffff, complain),
  });
}

function classParms(settings: Spec) {
  const [rate, ceil] = [settings['rate'], settings['ceil'] ?? settings['rate']].map((text) =>
    parseRate(text as string),
  ) as [number, number];
  const { burst, cburst, prio = 0, quantum = 0, overhead = 0, mpu = 0 } = settings;
  const ticks = (at: number, bytes: unknown) =>
    bytesToTicks(at, bytes === undefined ? DEFAULT_BURST : parseSize(bytes as string));
  const spec = (bytes: number) => rateSpec(bytes, overhead as number, mpu as number);
  return {
    parms: {
      rate: spec(rate),
      ceil: spec(ceil),
      buffer: ticks(rate, burst),
      cbuffer: ticks(ceil, cburst),
      quantum,
      level: 0,
      prio,
    },
    ...wideRate('rate64', rate),
    ...wideRate('ceil64', ceil),
  };
}

/** The kernel reports quantum and priority of inner classes, too, which tc hides. */
function seenClass({ parms, rate64, ceil64 }: HtbOptions): Spec {
  if (parms === undefined) return {};
  const rate = rateOf(parms.rate, rate64);
  const ceil = rateOf(parms.ceil, ceil64);
  return {
    rate: renderRate(rate),
    ceil: renderRate(ceil),
    burst: renderSize(roundestBytes(rate, parms.buffer)),
    cburst: renderSize(roundestBytes(ceil, parms.cbuffer)),
    prio: parms.prio,
    quantum: parms.quantum,
    overhead: parms.rate.overhead,
    mpu: parms.rate.mpu,
  };
}
