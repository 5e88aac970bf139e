// SPDX-License-Identifier: Apache-2.0
import { bounded } from '../../knobs.ts';
import type { Rule } from '../rule.ts';
import { sum } from '../window.ts';

const DEFAULT = 'net.core.rmem_default';

/** Datagrams for which the buffer of their socket had no place (net/ipv4/udp.c __udp_enqueue_schedule_skb()). */
export const UDP_BUFFERS: Rule = {
  name: 'udp-buffers',
  about: 'datagrams are dropped since a program does not read them in time',
  sysctls: [DEFAULT],
  judge(window) {
    const lost = sum(['Udp.RcvbufErrors', 'Udp6.RcvbufErrors'].map((name) => window.snmp(name)));
    if (lost === 0) return [];
    const size = window.sysctl(DEFAULT);
    const received = sum(['Udp.InDatagrams', 'Udp6.InDatagrams'].map((name) => window.snmp(name)));
    return [
      {
        summary:
          'Datagrams are dropped: a program does not read as fast as they come, and its buffer is full',
        evidence: [
          { what: 'dropped', value: window.rate(lost), unit: 'datagrams/s' },
          { what: 'received', value: window.rate(received), unit: 'datagrams/s' },
          ...(size === undefined ? [] : [{ what: DEFAULT, value: size, unit: 'bytes' }]),
        ],
        proposals: size === undefined ? [] : [{ sysctl: DEFAULT, value: bounded(DEFAULT, size * 4) }],
        manual:
          'programs have the larger buffer once they open their sockets anew; one that sets SO_RCVBUF decides itself',
        expected: 'bursts fit into the buffer',
        risk: 'each socket may take so much memory',
        metric: 'udp_drops',
        weight: 3,
      },
    ];
  },
};
