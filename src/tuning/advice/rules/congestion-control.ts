// SPDX-License-Identifier: Apache-2.0
import type { Rule } from '../rule.ts';

const CONTROL = 'net.ipv4.tcp_congestion_control';
const ALLOWED = 'net.ipv4.tcp_allowed_congestion_control';
const LEAST_SHARE = 0.005;
const LEAST_SEGMENTS = 500;
/** They take every loss for congestion. */
const BY_LOSS = ['cubic', 'reno'];

/** Losses that slow down connections whose congestion control is about losses. */
export const CONGESTION_CONTROL: Rule = {
  name: 'congestion-control',
  about: 'segments are lost, and the congestion control slows down for each',
  sysctls: [CONTROL, ALLOWED],
  judge(window) {
    const again = window.snmp('Tcp.RetransSegs');
    const sent = window.snmp('Tcp.OutSegs');
    const control = String(window.after.sysctls.get(CONTROL) ?? '');
    const allowed = String(window.after.sysctls.get(ALLOWED) ?? '').split(' ');
    if (!BY_LOSS.includes(control) || !allowed.includes('bbr')) return [];
    if (sent < LEAST_SEGMENTS || again < sent * LEAST_SHARE) return [];
    return [
      {
        summary: `Segments are lost, and ${control} slows down for each of them`,
        evidence: [
          { what: 'sent again', value: (100 * again) / sent, unit: '% of segments' },
          { what: 'sent', value: window.rate(sent), unit: 'segments/s' },
          { what: CONTROL, value: control },
        ],
        proposals: [{ sysctl: CONTROL, value: 'bbr' }],
        manual: 'it holds for new connections; with fq as qdisc of the device it is paced better',
        expected: 'the rate follows what the path carries: more throughput where losses are not congestion',
        risk: 'it may take more than its share from others on the same path',
        metric: 'throughput',
        weight: 1,
      },
    ];
  },
};
