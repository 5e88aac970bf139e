// SPDX-License-Identifier: Apache-2.0
import { bounded } from '../../knobs.ts';
import type { Finding, Rule } from '../rule.ts';
import type { Window } from '../window.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const REUSE = 'net.ipv4.tcp_tw_reuse';
const MOST = 'net.ipv4.tcp_max_tw_buckets';
/** Share of the ports to one server that wait in TIME-WAIT. */
const NEAR = 0.5;
const LEAST = 50;

/** Connections in TIME-WAIT that keep ports, or do not find a place (net/ipv4/inet_timewait_sock.c). */
export const TIME_WAIT_PRESSURE: Rule = {
  name: 'time-wait-pressure',
  about: 'connections in TIME-WAIT keep ports or fill their table',
  sysctls: [RANGE, REUSE, MOST],
  judge: (window) => [...ports(window), ...table(window)],
};

function ports(window: Window): readonly Finding[] {
  const [first = 0, last = 0] = [0, 1].map((i) => window.sysctl(RANGE, i));
  const busiest = window.after.tcp.busiest.toSorted((a, b) => b.timeWait - a.timeWait)[0];
  const reuse = window.sysctl(REUSE);
  if (busiest === undefined || reuse === undefined || reuse === 1) return [];
  if (busiest.timeWait < Math.max(LEAST, (last - first + 1) * NEAR)) return [];
  return [
    {
      summary: `Most local ports to ${busiest.to} wait in TIME-WAIT for a minute`,
      evidence: [
        { what: 'connections in TIME-WAIT', value: busiest.timeWait },
        { what: RANGE, value: `${first} ${last}` },
        { what: REUSE, value: reuse },
        { what: 'opened', value: window.rate(window.snmp('Tcp.ActiveOpens')), unit: 'connections/s' },
      ],
      proposals: [{ sysctl: REUSE, value: 1 }],
      expected: 'new connections take such a port over after a second; timestamps keep old packets apart',
      risk: 'only where the other side has timestamps; a network address translator on the way may mix them up',
      metric: 'connections',
      weight: 3,
    },
  ];
}

function table(window: Window): readonly Finding[] {
  const overflows = window.snmp('TcpExt.TCPTimeWaitOverflow');
  const most = window.sysctl(MOST);
  if (overflows === 0 || most === undefined) return [];
  return [
    {
      dev: 'table',
      summary: 'Connections skip TIME-WAIT since its table is full: a late packet may reach a new connection',
      evidence: [
        { what: 'skipped', value: window.rate(overflows), unit: 'connections/s' },
        { what: 'in TIME-WAIT', value: window.after.sockets.get('TCP.tw') ?? 0 },
        { what: MOST, value: most },
      ],
      proposals: [{ sysctl: MOST, value: bounded(MOST, most * 2) }],
      expected: 'every connection ends in order',
      risk: 'each takes about 250 bytes for a minute',
      metric: 'time_wait_overflows',
      weight: 2,
    },
  ];
}
