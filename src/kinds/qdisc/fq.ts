// SPDX-License-Identifier: Apache-2.0

import { Type } from 'typebox';
import { WeirError } from '../../base/errors.ts';
import { given, present, unlessZero } from '../fields.ts';
import { number, onOff, shared } from '../link/setting.ts';
import { qdiscKind } from './kind.ts';
import { type DeclaredQdisc, type QdiscSetting, rate, time } from './setting.ts';
import { parseRate, renderRate } from './units.ts';

const NONE = 0xffff_ffff;
const unlessNone = (value: number | undefined) => (value === NONE ? undefined : value);

/** Fair queueing with pacing (net/sched/sch_fq.c). Timer slack in nanoseconds. */
export const fq = qdiscKind('fq', (d) =>
  present({
    limit: d.plimit,
    flow_limit: d.flowPlimit,
    buckets: given(d.bucketsLog, (log) => 2 ** log),
    orphan_mask: d.orphanMask,
    bands: d.priomap?.bands,
    priomap: given(d.priomap, ({ priomap }) => [...priomap]),
    weights: d.weights,
    quantum: d.quantum,
    initial_quantum: d.initialQuantum,
    pacing: d.rateEnable === 0 ? false : undefined,
    maxrate: unlessNone(d.flowMaxRate),
    defrate: unlessZero(d.flowDefaultRate),
    low_rate_threshold: unlessZero(d.lowRateThreshold),
    refill_delay: d.flowRefillDelay,
    ce_threshold: unlessNone(d.ceThreshold),
    timer_slack: d.timerSlack,
    horizon: d.horizon,
    horizon_drop: d.horizonDrop === 1 ? null : undefined,
    horizon_cap: d.horizonDrop === 0 ? null : undefined,
  }),
);

/** The kernel has 32 bits for it (and lets 2^32 - 1 mean no limit). */
function rate32(name: string, description: string): QdiscSetting {
  const wide = rate(name, description);
  return {
    ...wide,
    canonical(value: string | number) {
      const bytes = parseRate(value);
      if (bytes < NONE) return renderRate(bytes);
      throw new WeirError('VALUE', {
        what: `rate ${value}`,
        problem: 'is more than fq can count: leave it out',
      });
    },
  };
}

const number32 = (name: string, description: string) => number(name, description, 1, 0xffff_ffff);

/** `tc` shows one of two names with no value. */
const horizonDrop: QdiscSetting = {
  ...onOff('horizonDrop', 'Drop what is to leave beyond the horizon, in place of sending it then'),
  observed: (shown: null | undefined) => shown === null,
};

/** How it is declared (fq_change()). */
export const declaredFq: DeclaredQdisc = {
  kind: 'fq',
  config: 'CONFIG_NET_SCH_FQ',
  settings: {
    limit: number32('plimit', 'Packets that may wait'),
    flow_limit: number32('flowPlimit', 'Packets of one flow that may wait'),
    buckets: {
      ...shared(
        Type.Enum(
          Array.from({ length: 18 }, (_, i) => 2 ** (i + 1)),
          { description: 'Size of the table of flows' },
        ),
      ),
      attributes: (value: number) => ({ bucketsLog: Math.log2(value) }),
    },
    orphan_mask: number('orphanMask', 'Queues of packets without a socket, less one', 0, 0xffff_ffff),
    quantum: number32('quantum', 'Bytes that a flow may send in its turn'),
    initial_quantum: number('initialQuantum', 'Bytes that a new flow may send at once', 0, 0x7fff_ffff),
    pacing: { ...onOff('rateEnable', 'Send at the rate that a socket asks for'), silent: true },
    maxrate: rate32('flowMaxRate', 'Largest rate of a flow'),
    low_rate_threshold: rate32('lowRateThreshold', 'Rate up to which each packet is timed'),
    refill_delay: time('flowRefillDelay', 'Idle time after which a flow counts as new'),
    ce_threshold: time('ceThreshold', 'Delay from which packets are marked'),
    timer_slack: number('timerSlack', 'Nanoseconds that a packet may leave later than asked', 0, 0xffff_ffff),
    horizon: time('horizon', 'How far ahead a packet may be timed'),
    horizon_drop: horizonDrop,
  },
};
