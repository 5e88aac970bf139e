// SPDX-License-Identifier: Apache-2.0
import type { Qdisc } from '../../model/qdisc.ts';
import type { Column } from '../output/table.ts';
import { showObject } from './object.ts';

/** Queueing disciplines with their counters. */
export const QDISCS = showObject<Qdisc>({
  name: 'qdiscs',
  summary: 'queueing disciplines with their counters',
  filters: ['dev'],
  columns: [
    { title: 'DEVICE', value: (qdisc) => qdisc.dev, tone: () => 'strong' },
    { title: 'KIND', value: (qdisc) => qdisc.kind },
    { title: 'HANDLE', value: (qdisc) => qdisc.handle },
    { title: 'PARENT', value: (qdisc) => qdisc.parent ?? (qdisc.root ? 'root' : undefined) },
    counter('BYTES', 'bytes'),
    counter('PACKETS', 'packets'),
    counter('DROPS', 'drops'),
    counter('OVERLIMITS', 'overlimits'),
    counter('REQUEUES', 'requeues'),
    counter('BACKLOG', 'backlog'),
    counter('QLEN', 'qlen'),
  ],
});

type Counter = 'bytes' | 'packets' | 'drops' | 'overlimits' | 'requeues' | 'backlog' | 'qlen';

function counter(title: string, key: Counter): Column<Qdisc> {
  const alarming = key === 'drops' || key === 'backlog';
  return {
    title,
    value: (qdisc) => qdisc[key],
    align: 'right',
    tone: (qdisc) => (alarming && (qdisc[key] ?? 0) > 0 ? 'warn' : undefined),
  };
}
