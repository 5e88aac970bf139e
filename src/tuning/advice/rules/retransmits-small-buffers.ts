// SPDX-License-Identifier: Apache-2.0
import type { Proposal, Rule } from '../rule.ts';

const RMEM = 'net.ipv4.tcp_rmem';
const WMEM = 'net.ipv4.tcp_wmem';
const LEAST_SHARE = 0.01;
const LEAST_SEGMENTS = 100;
/** What kernels start with: a largest buffer below it is small. */
const ORDINARY = { [RMEM]: 6_291_456, [WMEM]: 4_194_304 };

/** Losses that small windows turn into timeouts: with few segments under way there are no three duplicate ACKs (RFC 5681). */
export const RETRANSMITS_SMALL_BUFFERS: Rule = {
  name: 'retransmits-small-buffers',
  about: 'TCP sends much again while its buffers are smaller than kernels start with',
  sysctls: [RMEM, WMEM],
  judge(window) {
    const again = window.snmp('Tcp.RetransSegs');
    const sent = window.snmp('Tcp.OutSegs');
    if (sent < LEAST_SEGMENTS || again < sent * LEAST_SHARE) return [];
    const proposals = Object.entries(ORDINARY).flatMap(([name, ordinary]): Proposal[] => {
      const [least = 0, start = 0, most = ordinary] = [0, 1, 2].map((i) => window.sysctl(name, i));
      return most >= ordinary ? [] : [{ sysctl: name, value: `${least} ${start} ${ordinary}` }];
    });
    if (proposals.length === 0) return [];
    return [
      {
        summary: 'TCP sends much again, and its buffers are too small to recover from losses quickly',
        evidence: [
          { what: 'sent again', value: (100 * again) / sent, unit: '% of segments' },
          { what: 'timeouts', value: window.rate(window.snmp('TcpExt.TCPTimeouts')), unit: 'per s' },
          { what: RMEM, value: String(window.after.sysctls.get(RMEM) ?? '?') },
          { what: WMEM, value: String(window.after.sysctls.get(WMEM) ?? '?') },
        ],
        proposals,
        expected: 'enough is under way to notice a loss by what follows it, instead of by a timeout',
        risk: 'a connection may take so much memory',
        metric: 'retransmits',
        weight: 2,
      },
    ];
  },
};
