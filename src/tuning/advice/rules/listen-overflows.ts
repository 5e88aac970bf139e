// SPDX-License-Identifier: Apache-2.0
import { bounded } from '../../knobs.ts';
import type { Rule } from '../rule.ts';

const MOST = 'net.core.somaxconn';

/** Connections that found the accept queue full (net/ipv4/tcp_ipv4.c tcp_v4_syn_recv_sock()). */
export const LISTEN_OVERFLOWS: Rule = {
  name: 'listen-overflows',
  about: 'connections are dropped since a server does not accept them in time',
  sysctls: [MOST],
  judge(window) {
    const overflows = window.snmp('TcpExt.ListenOverflows');
    const limit = window.sysctl(MOST);
    if (overflows === 0 || limit === undefined) return [];
    const full = window.after.tcp.listeners.filter((one) => one.waiting >= one.limit);
    const asksForLess = full.length > 0 && full.every((one) => one.limit < limit);
    const where = full
      .map(({ at, waiting, limit: most }) => `${at} (${waiting} wait, ${most} may)`)
      .join(', ');
    return [
      {
        summary:
          'Connections are dropped: a server does not accept as fast as they come, and its queue is full',
        evidence: [
          { what: 'overflows', value: window.rate(overflows), unit: 'connections/s' },
          { what: MOST, value: limit },
          ...(where === '' ? [] : [{ what: 'full queues', value: where }]),
        ],
        proposals: asksForLess ? [] : [{ sysctl: MOST, value: bounded(MOST, limit * 4) }],
        manual: asksForLess
          ? 'the server itself asks for so short a queue: raise the backlog in its settings'
          : 'the server asks for the longer queue when it listens again: restart it',
        expected: 'bursts of connections wait to be accepted',
        risk: 'a server that is too slow all the time answers late instead of not at all',
        metric: 'listen_overflows',
        weight: 3,
      },
    ];
  },
};
