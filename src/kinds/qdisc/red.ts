// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import { number, shared } from '../link/setting.ts';
import { type QdiscOptions, qdiscKind } from './kind.ts';
import { parseProbability, renderProbability } from './probability.ts';
import { damping, ewmaOf, probabilityLog } from './red-table.ts';
import { type ComplainOf, type DeclaredQdisc, folded, Probability, size, wholeSwitch } from './setting.ts';
import { parseSize, renderSize } from './units.ts';

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

type RedOptions = Extract<QdiscOptions, { readonly kind: 'red' }>;

/** How it is declared (red_change()). The weight of the average is `ewma`, or follows from `avpkt` and `burst`. */
export const declaredRed: DeclaredQdisc = {
  kind: 'red',
  config: 'CONFIG_NET_SCH_RED',
  settings: {
    limit: size('limit', 'Bytes that may wait'),
    min: size('min', 'Average queue from which packets may be dropped'),
    max: size('max', 'Average queue at which `probability` is reached'),
    ewma: number('ewma', 'Weight of the last packet in the average, as the power of a half', 1, 31),
    avpkt: folded(size('avpkt', 'Usual size of a packet; with `burst` it makes `ewma`')),
    burst: folded(
      number('burst', 'Packets that may come at once; with `avpkt` it makes `ewma`', 1, 0xffff_ffff),
    ),
    probability: shared(Probability('Packets that are dropped at `max`'), (value: string | number) =>
      renderProbability(parseProbability(value)),
    ),
    ecn: wholeSwitch('Mark packets in place of dropping them'),
    harddrop: wholeSwitch('Drop beyond `max` what could be marked, too'),
    adaptive: wholeSwitch('Adapt the probability to the traffic'),
    nodrop: wholeSwitch('Queue what is neither marked nor beyond the limit'),
  },
  required: ['limit', 'min', 'max'],
  settled,
  whole,
  seen: (options) => seen(options as RedOptions),
};

const bytes = (settings: Spec, name: string) => parseSize(settings[name] as string);

function settled({ avpkt, burst, ...rest }: Spec, complain: ComplainOf): Spec {
  const [min, max] = [bytes(rest, 'min'), bytes(rest, 'max')];
  if (max <= min) complain('max', 'must be more than `min`');
  if (rest['ewma'] !== undefined) {
    if ((avpkt ?? burst) !== undefined) complain('ewma', 'excludes `avpkt` and `burst`: give it or them');
    return rest;
  }
  if (avpkt === undefined || burst === undefined) {
    complain('ewma', 'is missing: give it, or `avpkt` and `burst`');
    return rest;
  }
  const ewma = ewmaOf(min, burst as number, parseSize(avpkt as string));
  if (ewma === undefined) complain('burst', 'is too small for `min`: make it more than `min` / `avpkt`');
  return { ...rest, ewma };
}

const DEFAULT_PROBABILITY = '2%';
const ALL_FLAGS = 2 ** FLAGS.length - 1;

function whole(settings: Spec) {
  const chance = (settings['probability'] ?? DEFAULT_PROBABILITY) as string;
  const wlog = settings['ewma'] as number;
  const [qthMin, qthMax] = [bytes(settings, 'min'), bytes(settings, 'max')];
  const { scellLog, table } = damping(wlog);
  const plog = probabilityLog(qthMin, qthMax, Number(chance.replace('%', '')) / 100);
  const value = FLAGS.reduce((bits, name, bit) => (settings[name] === true ? bits | (1 << bit) : bits), 0);
  return {
    parms: { limit: bytes(settings, 'limit'), qthMin, qthMax, wlog, plog, scellLog, flags: 0 },
    stab: table,
    maxP: parseProbability(chance),
    flags: { value, selector: ALL_FLAGS },
  };
}

function seen({ parms, flags, maxP }: RedOptions): Spec {
  if (parms === undefined) return {};
  const bits = parms.flags | (flags?.value ?? 0);
  return present({
    limit: renderSize(parms.limit),
    min: renderSize(parms.qthMin),
    max: renderSize(parms.qthMax),
    ewma: parms.wlog,
    probability: maxP === undefined ? undefined : renderProbability(maxP),
    ...Object.fromEntries(FLAGS.map((name, bit) => [name, (bits & (1 << bit)) !== 0])),
  });
}
