// SPDX-License-Identifier: Apache-2.0

import { present, whenSet } from '../fields.ts';
import { number, whenOn } from '../link/setting.ts';
import { qdiscKind } from './kind.ts';
import { codelTime, type DeclaredQdisc } from './setting.ts';

/** Controlled delay (net/sched/sch_codel.c). */
export const codel = qdiscKind('codel', (d) =>
  present({
    limit: d.limit,
    target: d.target,
    ce_threshold: d.ceThreshold,
    interval: d.interval,
    ecn: whenSet(d.ecn),
  }),
);

/** How it is declared (codel_change()). */
export const declaredCodel: DeclaredQdisc = {
  kind: 'codel',
  config: 'CONFIG_NET_SCH_CODEL',
  settings: {
    limit: number('limit', 'Packets that may wait', 0, 0xffff_ffff),
    target: codelTime('target', 'Delay that is acceptable'),
    ce_threshold: codelTime('ceThreshold', 'Delay from which packets are marked'),
    interval: codelTime('interval', 'Time in which the delay should fall to the target'),
    ecn: whenOn('ecn', 'Mark packets in place of dropping them'),
  },
};
