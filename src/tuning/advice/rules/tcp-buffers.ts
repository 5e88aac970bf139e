// SPDX-License-Identifier: Apache-2.0
import { bounded } from '../../knobs.ts';
import type { Rule } from '../rule.ts';
import { sum } from '../window.ts';

const RMEM = 'net.ipv4.tcp_rmem';
/** Segments collapsed or pruned per second, below which it is noise. */
const LEAST_RATE = 1;

/** Receive queues that were cut down to their limit (net/ipv4/tcp_input.c tcp_prune_queue()). */
export const TCP_BUFFERS: Rule = {
  name: 'tcp-buffers',
  about: 'TCP throws received data away, or squeezes it together, to stay within its buffers',
  sysctls: [RMEM],
  judge(window) {
    const pruned = sum(
      ['TcpExt.PruneCalled', 'TcpExt.RcvPruned', 'TcpExt.TCPRcvQDrop'].map((one) => window.snmp(one)),
    );
    const pressures = window.snmp('TcpExt.TCPMemoryPressures');
    if (window.rate(pruned) < LEAST_RATE && pressures === 0) return [];
    const [least, start, most] = [0, 1, 2].map((i) => window.sysctl(RMEM, i) ?? 0) as [
      number,
      number,
      number,
    ];
    const proposals =
      pressures > 0 || most === 0
        ? []
        : [{ sysctl: RMEM, value: `${least} ${start} ${bounded(RMEM, Math.max(most * 2, start))}` }];
    return [
      {
        summary:
          pressures > 0
            ? 'TCP as a whole is at its limit of memory'
            : 'TCP throws received data away: buffers are full before programs read',
        evidence: [
          { what: 'pruned', value: window.rate(pruned), unit: 'times/s' },
          { what: 'memory pressures', value: pressures },
          { what: RMEM, value: `${least} ${start} ${most}`, unit: 'bytes' },
        ],
        proposals,
        ...(pressures > 0 && { manual: 'raise net.ipv4.tcp_mem, or find who holds the memory: `ss -tmn`' }),
        expected: 'data waits for its program instead of being sent again',
        risk: 'a connection may take so much memory',
        metric: 'tcp_pruned',
        weight: 3,
      },
    ];
  },
};
