// SPDX-License-Identifier: Apache-2.0
import type { Rule } from '../rule.ts';

const PROBING = 'net.ipv4.tcp_mtu_probing';

/** Connections that open, and then move no full-sized segment: a router on the way drops it and does not say so (RFC 2923). */
export const MTU_BLACK_HOLE: Rule = {
  name: 'mtu-black-hole',
  about: 'connections open, but no full-sized packet arrives',
  sysctls: [PROBING],
  judge(window) {
    const { stuck } = window.after.tcp;
    if (stuck.length === 0 || window.sysctl(PROBING) !== 0) return [];
    const far = [...new Set(stuck.map(({ to }) => to))];
    return [
      {
        summary:
          'Connections open, but no full-sized packet arrives: something on the way drops it without a word',
        evidence: [
          { what: 'connections that are stuck', value: stuck.length },
          { what: 'to', value: far.slice(0, 5).join(', ') },
          { what: 'segment size', value: Math.max(...stuck.map(({ mss }) => mss)), unit: 'bytes' },
          { what: 'sent again', value: window.rate(window.snmp('Tcp.RetransSegs')), unit: 'segments/s' },
        ],
        proposals: [{ sysctl: PROBING, value: 1 }],
        manual:
          'better still, let ICMP "fragmentation needed" pass on the way, or lower the MTU of the route',
        expected: 'connections find a size that passes, some seconds after they got stuck',
        risk: 'after losses of another kind a connection may send smaller segments than it could',
        metric: 'stuck',
        weight: 3,
      },
    ];
  },
};
