// SPDX-License-Identifier: Apache-2.0

import { present, whenSet } from '../fields.ts';
import { fixed, number, onOff } from '../link/setting.ts';
import { qdiscKind } from './kind.ts';
import { codelTime, type DeclaredQdisc, size } from './setting.ts';

/** Fair queueing with controlled delay (net/sched/sch_fq_codel.c). */
export const fqCodel = qdiscKind('fq_codel', (d) =>
  present({
    limit: d.limit,
    flows: d.flows,
    quantum: d.quantum,
    target: d.target,
    ce_threshold: d.ceThreshold,
    interval: d.interval,
    memory_limit: d.memoryLimit,
    ecn: whenSet(d.ecn),
    drop_batch: d.dropBatchSize,
  }),
);

/** How it is declared (fq_codel_change()). */
export const declaredFqCodel: DeclaredQdisc = {
  kind: 'fq_codel',
  config: 'CONFIG_NET_SCH_FQ_CODEL',
  settings: {
    limit: number('limit', 'Packets that may wait', 1, 0xffff_ffff),
    flows: fixed(number('flows', 'Queues', 1, 65536)),
    quantum: number('quantum', 'Bytes that a flow may send in its turn', 256, 1 << 20),
    target: codelTime('target', 'Delay that is acceptable'),
    ce_threshold: codelTime('ceThreshold', 'Delay from which packets are marked'),
    interval: codelTime('interval', 'Time in which the delay should fall to the target'),
    memory_limit: size('memoryLimit', 'Memory that may be used'),
    // A new one has it on, and the kernel's off is not shown.
    ecn: {
      ...onOff('ecn', 'Mark packets in place of dropping them'),
      observed: (shown?: boolean) => shown === true,
    },
    drop_batch: number('dropBatchSize', 'Packets that are dropped at once when all is full', 1, 0xffff_ffff),
  },
};
