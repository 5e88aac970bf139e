// SPDX-License-Identifier: Apache-2.0
import type { Rule } from '../rule.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const NEAR = 0.8;
const WIDE = [10_240, 65_000] as const;

/** Ports that connections to one server leave (net/ipv4/inet_hashtables.c __inet_hash_connect()). */
export const PORT_EXHAUSTION: Rule = {
  name: 'port-exhaustion',
  about: 'connections to one server use up nearly all local ports',
  sysctls: [RANGE],
  judge(window) {
    const [first = 0, last = 0] = [0, 1].map((i) => window.sysctl(RANGE, i));
    const busiest = window.after.tcp.busiest[0];
    const ports = last - first + 1;
    if (busiest === undefined || ports <= 1 || busiest.connections < ports * NEAR) return [];
    const wider = `${Math.min(first, WIDE[0])} ${Math.max(last, WIDE[1])}`;
    return [
      {
        summary: `Connections to ${busiest.to} use nearly all local ports: further ones fail with EADDRNOTAVAIL`,
        evidence: [
          { what: 'connections', value: busiest.connections },
          { what: 'of them in TIME-WAIT', value: busiest.timeWait },
          { what: RANGE, value: `${first} ${last}` },
        ],
        proposals: wider === `${first} ${last}` ? [] : [{ sysctl: RANGE, value: wider }],
        manual: 'better still, keep connections open, or use several addresses on either side',
        expected: 'more connections to one server at a time',
        risk: 'programs that listen on a port of the wider range may find it taken: reserve theirs in ip_local_reserved_ports',
        metric: 'connections',
        weight: 3,
      },
    ];
  },
};
