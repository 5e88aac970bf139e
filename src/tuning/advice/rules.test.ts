// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, test } from 'vitest';
import { cpus, link, QUIET_LINK, second } from '../../../test/helpers/samples.ts';
import { deviceProblem, sysctlProblem } from '../profiles/check.ts';
import { metricNamed } from '../trial/metrics.ts';
import { advise } from './advise.ts';
import { RULES } from './registry.ts';
import type { Window } from './window.ts';

interface Case {
  readonly speaks: Window;
  readonly silent: Window;
  /** Proposals by the name of the setting. */
  readonly proposes: Readonly<Record<string, unknown>>;
  readonly id?: string;
}

const map = (values: Record<string, number | string>) => new Map(Object.entries(values));
const snmp = (values: Record<string, number>) => new Map(Object.entries(values));
const qdisc = {
  dev: 'eth0',
  handle: '8001:',
  parent: 'root',
  root: true,
  bytes: 0,
  packets: 0,
  drops: 0,
  overlimits: 0,
  backlog: 0,
};
const irqs = (...counts: number[][]) => counts.map((each, i) => ({ irq: 40 + i, counts: each }));
const busy = (connections: number, timeWait = 0) => ({
  established: 0,
  rtt: 0,
  listeners: [],
  stuck: [],
  busiest: [{ to: '192.0.2.1:80', connections, timeWait }],
});
const listening = (waiting: number, limit: number) => ({
  established: 0,
  rtt: 0,
  busiest: [],
  stuck: [],
  listeners: [{ at: '0.0.0.0:80', waiting, limit }],
});

/**
 * By the name of the rule. Where namespaces can have the condition, test/netns/advice.test.ts and advice-machine.test.ts
 * make it; of the three that say why not, these counters are the only test.
 */
const CASES: Readonly<Record<string, Case>> = {
  'softnet-drops': {
    speaks: second({
      cpus: cpus({ dropped: 50 }, {}),
      sysctls: map({ 'net.core.netdev_max_backlog': 1000 }),
    }),
    silent: second({
      cpus: cpus({ processed: 1e6 }, {}),
      sysctls: map({ 'net.core.netdev_max_backlog': 1000 }),
    }),
    proposes: { 'sysctl net.core.netdev_max_backlog': 2000 },
  },
  'softnet-squeezed': {
    speaks: second({
      cpus: cpus({ squeezed: 50, processed: 10_000 }),
      sysctls: map({ 'net.core.netdev_budget': 300 }),
    }),
    silent: second({
      cpus: cpus({ squeezed: 11, processed: 1e6 }),
      sysctls: map({ 'net.core.netdev_budget': 300 }),
    }),
    proposes: { 'sysctl net.core.netdev_budget': 600 },
  },
  // recorded only: no device of a namespace has a ring (`ethtool -g` is EOPNOTSUPP on veth, tap, bridge, macvlan, vxlan and
  // ifb), and none counts missed, fifo or over: a veth with NAPI and a tap count what they lose as dropped
  'ring-overflow': {
    speaks: second({
      links: [
        link(
          { rx_missed_errors: 10 },
          { settings: { rings: { rx: 256 } }, ringsMax: { rx: 1024, tx: 1024 } },
        ),
      ],
    }),
    silent: second({ links: [link({ rx_packets: 1e6, rx_dropped: 5 })] }),
    proposes: { 'eth0 rings.rx': 512 },
    id: 'ring-overflow.eth0',
  },
  'qdisc-drops': {
    speaks: second(
      { qdiscs: [{ ...qdisc, kind: 'pfifo_fast', packets: 1000, drops: 100 }], links: [QUIET_LINK] },
      { qdiscs: [{ ...qdisc, kind: 'pfifo_fast' }] },
    ),
    silent: second(
      { qdiscs: [{ ...qdisc, kind: 'fq_codel', packets: 1000, drops: 100 }] },
      { qdiscs: [{ ...qdisc, kind: 'fq_codel' }] },
    ),
    proposes: { 'eth0 txqlen': 2000 },
    id: 'qdisc-drops.eth0',
  },
  'listen-overflows': {
    speaks: second({
      snmp: snmp({ 'TcpExt.ListenOverflows': 5 }),
      tcp: listening(129, 128),
      sysctls: map({ 'net.core.somaxconn': 128 }),
    }),
    silent: second({ tcp: listening(129, 128), sysctls: map({ 'net.core.somaxconn': 128 }) }),
    proposes: { 'sysctl net.core.somaxconn': 512 },
  },
  'udp-buffers': {
    speaks: second({
      snmp: snmp({ 'Udp.RcvbufErrors': 5 }),
      sysctls: map({ 'net.core.rmem_default': 212_992 }),
    }),
    silent: second({
      snmp: snmp({ 'Udp.InDatagrams': 5 }),
      sysctls: map({ 'net.core.rmem_default': 212_992 }),
    }),
    proposes: { 'sysctl net.core.rmem_default': 851_968 },
  },
  'tcp-buffers': {
    speaks: second({
      snmp: snmp({ 'TcpExt.PruneCalled': 5 }),
      sysctls: map({ 'net.ipv4.tcp_rmem': '4096 131072 6291456' }),
    }),
    silent: second({
      snmp: snmp({ 'TcpExt.PruneCalled': 0 }),
      sysctls: map({ 'net.ipv4.tcp_rmem': '4096 131072 6291456' }),
    }),
    proposes: { 'sysctl net.ipv4.tcp_rmem': '4096 131072 12582912' },
  },
  'conntrack-full': {
    speaks: second({
      conntrack: { entries: 900, limit: 1000, dropped: 0 },
      sysctls: map({ 'net.netfilter.nf_conntrack_max': 1000 }),
    }),
    silent: second(
      { conntrack: { entries: 700, limit: 1000, dropped: 3 } },
      { conntrack: { entries: 7, limit: 1000, dropped: 3 } },
    ),
    proposes: { 'sysctl net.netfilter.nf_conntrack_max': 2000 },
  },
  'neighbours-full': {
    speaks: second({
      neighbours: [{ family: 'ipv4', entries: 900, tableFulls: 0 }],
      sysctls: map({ 'net.ipv4.neigh.default.gc_thresh2': 512, 'net.ipv4.neigh.default.gc_thresh3': 1024 }),
    }),
    silent: second({
      neighbours: [{ family: 'ipv4', entries: 500, tableFulls: 0 }],
      sysctls: map({ 'net.ipv4.neigh.default.gc_thresh3': 1024 }),
    }),
    proposes: {
      'sysctl net.ipv4.neigh.default.gc_thresh2': 1024,
      'sysctl net.ipv4.neigh.default.gc_thresh3': 2048,
    },
  },
  'retransmits-small-buffers': {
    speaks: second({
      snmp: snmp({ 'Tcp.RetransSegs': 50, 'Tcp.OutSegs': 1000 }),
      sysctls: map({ 'net.ipv4.tcp_rmem': '4096 16384 65536', 'net.ipv4.tcp_wmem': '4096 16384 4194304' }),
    }),
    silent: second({
      snmp: snmp({ 'Tcp.RetransSegs': 50, 'Tcp.OutSegs': 1000 }),
      sysctls: map({ 'net.ipv4.tcp_rmem': '4096 131072 6291456', 'net.ipv4.tcp_wmem': '4096 16384 4194304' }),
    }),
    proposes: { 'sysctl net.ipv4.tcp_rmem': '4096 16384 6291456' },
  },
  'receive-steering': {
    speaks: second({
      cpus: cpus({ softirq: 80, idle: 5, processed: 50_000 }, { processed: 10 }),
      links: [link({ rx_packets: 50_000 }, { settings: { queues: { rps_cpus: { 0: '0' } } } })],
    }),
    silent: second({
      cpus: cpus({ softirq: 80, idle: 5, processed: 25_000 }, { processed: 25_000 }),
      links: [link({ rx_packets: 50_000 }, { settings: { queues: { rps_cpus: { 0: '0' } } } })],
    }),
    proposes: { 'eth0 queues.rps_cpus': '2' },
    id: 'receive-steering.eth0',
  },
  'flow-steering': {
    speaks: second({
      links: [
        link(
          { rx_packets: 50_000 },
          { settings: { queues: { rps_cpus: { 0: '3' }, rps_flow_cnt: { 0: 0 } } } },
        ),
      ],
      sysctls: map({ 'net.core.rps_sock_flow_entries': 0 }),
    }),
    silent: second({
      links: [
        link(
          { rx_packets: 50_000 },
          { settings: { queues: { rps_cpus: { 0: '0' }, rps_flow_cnt: { 0: 0 } } } },
        ),
      ],
      sysctls: map({ 'net.core.rps_sock_flow_entries': 0 }),
    }),
    proposes: { 'sysctl net.core.rps_sock_flow_entries': 32_768, 'eth0 queues.rps_flow_cnt': 32_768 },
    id: 'flow-steering.eth0',
  },
  'transmit-steering': {
    speaks: second({
      cpus: cpus({}, {}),
      links: [
        link({ tx_packets: 50_000 }, { settings: { queues: { xps_cpus: { 0: '0', 1: '0', 2: '0' } } } }),
      ],
    }),
    silent: second({
      cpus: cpus({}, {}),
      links: [link({ tx_packets: 50_000 }, { settings: { queues: { xps_cpus: { 0: '1', 1: '2' } } } })],
    }),
    proposes: { 'eth0 queues.xps_cpus': { 0: '1', 1: '2' } },
    id: 'transmit-steering.eth0',
  },
  // recorded only: no device of a namespace has an interrupt; none of those above has a parent device, or NAPI with an irq
  'irq-affinity': {
    speaks: second(
      { cpus: cpus({}, {}), links: [link({}, { irqs: irqs([3000, 0], [3000, 10]) })] },
      { links: [link({}, { irqs: irqs([0, 0], [0, 0]) })] },
    ),
    silent: second(
      { cpus: cpus({}, {}), links: [link({}, { irqs: irqs([3000, 0], [10, 3000]) })] },
      { links: [link({}, { irqs: irqs([0, 0], [0, 0]) })] },
    ),
    proposes: {},
    id: 'irq-affinity.eth0',
  },
  // recorded only: `ethtool -c` is EOPNOTSUPP on veth, bridge, macvlan, vxlan and ifb, and a tap has no rx_usecs
  coalescing: {
    speaks: second({ links: [link({ rx_packets: 500 }, { settings: { coalesce: { rx_usecs: 200 } } })] }),
    silent: second({
      links: [link({ rx_packets: 500 }, { settings: { coalesce: { rx_usecs: 200, adaptive_rx: true } } })],
    }),
    proposes: { 'eth0 coalesce.rx_usecs': 8 },
    id: 'coalescing.eth0',
  },
  'mtu-black-hole': {
    speaks: second({
      tcp: {
        established: 1,
        rtt: 0,
        busiest: [],
        listeners: [],
        stuck: [{ to: '192.0.2.1:443', mss: 1448 }],
      },
      sysctls: map({ 'net.ipv4.tcp_mtu_probing': 0 }),
    }),
    silent: second({
      tcp: {
        established: 1,
        rtt: 0,
        busiest: [],
        listeners: [],
        stuck: [{ to: '192.0.2.1:443', mss: 1448 }],
      },
      sysctls: map({ 'net.ipv4.tcp_mtu_probing': 1 }),
    }),
    proposes: { 'sysctl net.ipv4.tcp_mtu_probing': 1 },
  },
  'congestion-control': {
    speaks: second({
      snmp: snmp({ 'Tcp.RetransSegs': 50, 'Tcp.OutSegs': 5000 }),
      sysctls: map({
        'net.ipv4.tcp_congestion_control': 'cubic',
        'net.ipv4.tcp_allowed_congestion_control': 'reno cubic bbr',
      }),
    }),
    silent: second({
      snmp: snmp({ 'Tcp.RetransSegs': 50, 'Tcp.OutSegs': 5000 }),
      sysctls: map({
        'net.ipv4.tcp_congestion_control': 'cubic',
        'net.ipv4.tcp_allowed_congestion_control': 'reno cubic',
      }),
    }),
    proposes: { 'sysctl net.ipv4.tcp_congestion_control': 'bbr' },
  },
  'port-exhaustion': {
    speaks: second({ tcp: busy(27_000), sysctls: map({ 'net.ipv4.ip_local_port_range': '32768 60999' }) }),
    silent: second({ tcp: busy(20_000), sysctls: map({ 'net.ipv4.ip_local_port_range': '32768 60999' }) }),
    proposes: { 'sysctl net.ipv4.ip_local_port_range': '10240 65000' },
  },
  'time-wait-pressure': {
    speaks: second({
      tcp: busy(16_000, 15_000),
      sysctls: map({ 'net.ipv4.ip_local_port_range': '32768 60999', 'net.ipv4.tcp_tw_reuse': 2 }),
    }),
    silent: second({
      tcp: busy(16_000, 15_000),
      sysctls: map({ 'net.ipv4.ip_local_port_range': '32768 60999', 'net.ipv4.tcp_tw_reuse': 1 }),
    }),
    proposes: { 'sysctl net.ipv4.tcp_tw_reuse': 1 },
  },
};

describe.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  const { speaks, silent, proposes, id } = CASES[name] as Case;

  it('speaks with evidence, change, effect and risk', () => {
    const [advice, ...others] = advise(speaks, () => false, [rule]);
    expect(others).toEqual([]);
    expect(advice?.id).toBe(id ?? name);
    const settings = advice?.settings ?? [];
    expect(Object.fromEntries(settings.map((one) => [one.name, one.proposal.value]))).toEqual(proposes);
    expect(advice?.evidence.length).toBeGreaterThan(1);
    for (const text of [advice?.summary, advice?.expected, advice?.risk])
      expect(text?.length).toBeGreaterThan(15);
    expect(metricNamed(advice?.metric ?? '')).not.toBeTypeOf('string');
    if (settings.length === 0) expect(advice?.manual).toBeDefined();
  });

  it('proposes what Weir takes', () => {
    for (const { proposal } of advise(speaks, () => false, [rule]).flatMap((one) => one.settings)) {
      const setting = { value: proposal.value as number, reason: '', source: '' };
      if ('sysctl' in proposal) expect(sysctlProblem(proposal.sysctl, setting)).toBeUndefined();
      else if (proposal.setting !== 'txqlen')
        expect(deviceProblem(proposal.setting, setting)).toBeUndefined();
    }
  });

  it('is silent where nothing is wrong', () => {
    expect(advise(silent, () => false, [rule])).toEqual([]);
    expect(advise(second({}), () => false, [rule])).toEqual([]);
  });
});

test('advice knows what somebody set, what cannot be written, and whose it is', () => {
  const [rule] = RULES.filter(({ name }) => name === 'softnet-drops');
  const window = (backlog: number, initial = true) =>
    second({
      initial,
      cpus: cpus({ dropped: 50 }),
      sysctls: map({ 'net.core.netdev_max_backlog': backlog }),
    });
  const setting = (of: Window, declared = false) =>
    advise(of, () => declared, rule === undefined ? [] : [rule])[0]?.settings[0];
  expect(setting(window(1000))).toMatchObject({ current: 1000, handSet: false, writable: true });
  expect(setting(window(1234))).toMatchObject({ handSet: true });
  expect(setting(window(1234), true)).toMatchObject({ handSet: false });
  expect(setting(window(1000, false))).toMatchObject({ writable: false });
});

test('what is at its bound already is not advised again', () => {
  const window = second({
    cpus: cpus({ dropped: 50 }),
    sysctls: map({ 'net.core.netdev_max_backlog': 300_000 }),
  });
  expect(advise(window, () => false)).toEqual([]);
});

test('ids name the namespace, and rules of the machine speak of no other', () => {
  const listening = { ...(CASES['listen-overflows']?.speaks.after ?? {}), netns: 'blue' };
  const [advice] = advise(second(listening), () => false);
  expect(advice?.id).toBe('listen-overflows@blue');
  const dropping = second({ netns: 'blue', cpus: cpus({ dropped: 50 }), sysctls: map({}) });
  expect(advise(dropping, () => false)).toEqual([]);
});

test('what happened before does not count, nor does a counter that begins anew', () => {
  const sysctls = map({ 'net.core.rmem_default': 212_992 });
  const lost = (before: number, after: number) =>
    advise(
      second(
        { snmp: snmp({ 'Udp.RcvbufErrors': after }), sysctls },
        { snmp: snmp({ 'Udp.RcvbufErrors': before }) },
      ),
      () => false,
    ).flatMap(({ evidence }) => evidence[0]?.value ?? []);
  expect(lost(100, 100)).toEqual([]);
  expect(lost(100, 7)).toEqual([]);
  expect(lost(100, 103)).toEqual([3]);
});
