// SPDX-License-Identifier: Apache-2.0
import { bounded } from '../../knobs.ts';
import type { Rule } from '../rule.ts';

const MOST = 'net.netfilter.nf_conntrack_max';
const NEAR = 0.8;

/** The table of tracked connections (net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc()). */
export const CONNTRACK_FULL: Rule = {
  name: 'conntrack-full',
  about: 'the table of tracked connections is nearly full',
  sysctls: [MOST],
  judge(window) {
    const { conntrack } = window.after;
    if (conntrack === undefined || conntrack.limit === 0) return [];
    const { entries, limit } = conntrack;
    const dropped = Math.max(0, conntrack.dropped - (window.before.conntrack?.dropped ?? conntrack.dropped));
    if (entries < limit * NEAR && dropped === 0) return [];
    return [
      {
        summary: 'The table of tracked connections is nearly full: new connections are dropped when it is',
        evidence: [
          { what: 'connections', value: entries },
          { what: MOST, value: limit },
          { what: 'dropped', value: window.rate(dropped), unit: 'connections/s' },
        ],
        proposals: [{ sysctl: MOST, value: bounded(MOST, limit * 2) }],
        expected: 'new connections find a place',
        risk: `a connection takes about 320 bytes, the whole table ${Math.ceil((limit * 2 * 320) / 2 ** 20)} MiB`,
        metric: 'conntrack_drops',
        weight: dropped > 0 || entries >= limit * 0.95 ? 3 : 2,
      },
    ];
  },
};
