// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { collected, recordedSource, sampleOf } from '../../test/helpers/recorded-source.ts';
import { conntrack } from './conntrack.ts';
import { interrupts } from './interrupts.ts';
import { lnstat } from './lnstat.ts';
import { netstat } from './netstat.ts';
import { pressure } from './pressure.ts';
import { COLLECTORS } from './registry.ts';
import { schedstat } from './schedstat.ts';
import { SELF } from './self.ts';
import { sockmem } from './sockmem.ts';
import { sockstat } from './sockstat.ts';
import { softirqs } from './softirqs.ts';
import { softnet } from './softnet.ts';
import { stat } from './stat.ts';
import { tcpstat } from './tcpstat.ts';
import { udpQueues } from './udp-queues.ts';
import { xfrm } from './xfrm.ts';

test('netstat keeps the default selection, the later file wins', async () => {
  const files = {
    'proc/net/netstat':
      'TcpExt: SyncookiesSent EmbryonicRsts ListenDrops TCPOFOQueue\nTcpExt: 1 2 3 4\nIpExt: InOctets\nIpExt: 18446744073709551615\n',
    'proc/net/snmp':
      'Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: MaxConn InErrs CurrEstab\nTcp: -1 5 6\nUdp: InErrors\nUdp: 8\nIpExt: InOctets\nIpExt: 9\n',
    'proc/net/snmp6':
      'Ip6InReceives   9\nIp6InOctets  7\nIcmp6InMsgs 10\nUdp6InErrors 11\nUdpLite6InErrors 12\n',
  };
  const families = await collected(netstat, recordedSource(files));
  const values = Object.fromEntries(
    [...families].map(([name]) => [name.slice(13), sampleOf(families, name)]),
  );
  expect(values).toEqual({
    TcpExt_SyncookiesSent: 1,
    TcpExt_ListenDrops: 3,
    TcpExt_TCPOFOQueue: 4,
    IpExt_InOctets: 9,
    Ip_Forwarding: 1,
    Tcp_InErrs: 5,
    Tcp_CurrEstab: 6,
    Udp_InErrors: 8,
    Ip6_InOctets: 7,
    Icmp6_InMsgs: 10,
    Udp6_InErrors: 11,
    UdpLite6_InErrors: 12,
  });
  expect(families.get('node_netstat_Tcp_InErrs')?.type).toBe('untyped');
});

test('netstat does without IPv6 and fails on nonsense', async () => {
  const files = { 'proc/net/netstat': 'TcpExt: ListenDrops\nTcpExt: 3\n', 'proc/net/snmp': '' };
  expect((await collected(netstat, recordedSource(files))).size).toBe(1);
  const bad = { ...files, 'proc/net/netstat': 'TcpExt: ListenDrops\nTcpExt: x\n' };
  await expect(collected(netstat, recordedSource(bad))).rejects.toMatchObject({ code: 'DECODE' });
});

test('sockstat counts memory in pages and in bytes', async () => {
  const files = {
    'proc/net/sockstat':
      'sockets: used 14\nTCP: inuse 1 orphan 0 tw 2 alloc 3 mem 128\nFRAG: inuse 0 memory 5\n',
    'proc/net/sockstat6': 'TCP6: inuse 4\n',
  };
  const families = await collected(sockstat, recordedSource(files));
  expect(sampleOf(families, 'node_sockstat_sockets_used')).toBe(14);
  expect(sampleOf(families, 'node_sockstat_TCP_mem')).toBe(128);
  expect(sampleOf(families, 'node_sockstat_TCP_mem_bytes')).toBe(524288);
  expect(sampleOf(families, 'node_sockstat_FRAG_memory')).toBe(5);
  expect(sampleOf(families, 'node_sockstat_TCP6_inuse')).toBe(4);
});

test('socket memory is counted in the pages of this kernel', async () => {
  const auxv = new Uint8Array(48);
  const view = new DataView(auxv.buffer);
  view.setUint32(0, 33, true);
  view.setUint32(16, 6, true);
  view.setUint32(24, 65536, true);
  const files = { 'proc/net/sockstat': 'TCP: mem 2\n' };
  const source = recordedSource(files);
  const large = {
    ...source,
    proc: (path: string) => (path === 'self/auxv' ? Promise.resolve(auxv) : source.proc(path)),
  };
  expect(sampleOf(await collected(sockstat, large), 'node_sockstat_TCP_mem_bytes')).toBe(131072);
});

test('softnet takes the CPU number from the line, or counts lines on an old kernel', async () => {
  const line = '0000000a 00000001 00000002 0 0 0 0 0 3 4 5 6 00000007 0 0\n';
  const families = await collected(softnet, recordedSource({ 'proc/net/softnet_stat': line }));
  expect(families.size).toBe(7);
  for (const [name, value] of Object.entries({
    processed_total: 10,
    dropped_total: 1,
    times_squeezed_total: 2,
    cpu_collision_total: 3,
    received_rps_total: 4,
    flow_limit_count_total: 5,
    backlog_len: 6,
  }))
    expect(sampleOf(families, `node_softnet_${name}`, { cpu: '7' }), name).toBe(value);
  const old = await collected(softnet, recordedSource({ 'proc/net/softnet_stat': '1 0 0\n2 0 0\n' }));
  expect(sampleOf(old, 'node_softnet_processed_total', { cpu: '1' })).toBe(2);
  expect(old.has('node_softnet_backlog_len')).toBe(false);
});

test('conntrack: gauges by contract, counters by type', async () => {
  const stats = new Map([
    ['found', 4],
    ['clash_resolve', 2],
  ]);
  const source = recordedSource({}, { conntrack: async () => ({ entries: 3, limit: 9, stats }) });
  const families = await collected(conntrack, source);
  expect(sampleOf(families, 'node_nf_conntrack_entries')).toBe(3);
  expect(sampleOf(families, 'node_nf_conntrack_entries_limit')).toBe(9);
  expect(families.get('node_nf_conntrack_stat_found')?.type).toBe('gauge');
  expect(sampleOf(families, 'node_nf_conntrack_stat_ignore')).toBe(0);
  expect(families.get('weir_conntrack_found_total')?.type).toBe('counter');
  expect(sampleOf(families, 'weir_conntrack_clash_resolve_total')).toBe(2);
  expect(families.has('weir_conntrack_drop_total')).toBe(false);
});

test('udp_queues adds up all sockets', async () => {
  const head = '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n';
  const line = (queues: string) => `  1: 00000000:0044 00000000:0000 07 ${queues} 00:00000000 00000000 0\n`;
  const files = {
    'proc/net/udp': head + line('00000001:00000010') + line('00000002:00000020'),
    'proc/net/udp6': head,
  };
  const families = await collected(udpQueues, recordedSource(files));
  expect(sampleOf(families, 'node_udp_queues', { queue: 'tx', ip: 'v4' })).toBe(3);
  expect(sampleOf(families, 'node_udp_queues', { queue: 'rx', ip: 'v4' })).toBe(0x30);
  expect(sampleOf(families, 'node_udp_queues', { queue: 'rx', ip: 'v6' })).toBe(0);
});

test('tcpstat gives the states that occur and the queues', async () => {
  const states = { states: new Map([['listen', 2]]), rxQueuedBytes: 5, txQueuedBytes: 6 };
  const families = await collected(tcpstat, recordedSource({}, { tcpStates: async () => states }));
  expect(sampleOf(families, 'node_tcp_connection_states', { state: 'listen' })).toBe(2);
  expect(sampleOf(families, 'node_tcp_connection_states', { state: 'rx_queued_bytes' })).toBe(5);
  expect(families.get('node_tcp_connection_states')?.samples.size).toBe(3);
});

test('interrupts: what is named and what is numbered', async () => {
  const file =
    '           CPU0       CPU2\n 24:  1  2  IO-APIC   5-edge      ACPI:Ged, x\nNMI:  3  4   Non-maskable interrupts\nERR:  5\n';
  const families = await collected(interrupts, recordedSource({ 'proc/interrupts': file }));
  const value = (labels: Record<string, string>) => sampleOf(families, 'node_interrupts_total', labels);
  expect(value({ cpu: '2', type: '24', info: 'IO-APIC', devices: '5-edge ACPI:Ged, x' })).toBe(2);
  expect(value({ cpu: '0', type: 'NMI', info: 'Non-maskable interrupts', devices: '' })).toBe(3);
  expect(families.get('node_interrupts_total')?.samples.size).toBe(4);
});

test('softirqs by CPU and by vector', async () => {
  const files = {
    'proc/softirqs':
      '                    CPU0       CPU1\n          HI:          1          0\n      NET_RX:   7  8\n',
    'proc/stat': 'cpu  1 2\nintr 9 0 0\nsoftirq 100 1 2 3 4 5 6 7 8 9 10\n',
  };
  const families = await collected(softirqs, recordedSource(files));
  expect(sampleOf(families, 'node_softirqs_functions_total', { cpu: '1', type: 'NET_RX' })).toBe(8);
  expect(sampleOf(families, 'node_softirqs_total', { vector: 'net_rx' })).toBe(4);
  expect(sampleOf(families, 'node_softirqs_total', { vector: 'rcu' })).toBe(10);
});

test('stat and schedstat', async () => {
  const files = {
    'proc/stat':
      'cpu  1 2\nintr 9 0 0\nctxt 5\nbtime 1700000000\nprocesses 6\nprocs_running 2\nprocs_blocked 1\n',
    'proc/schedstat': 'version 17\ntimestamp 1\ncpu0 0 0 0 0 0 0 1500000000 250000000 42\ndomain0 3 0 0\n',
  };
  const kernel = await collected(stat, recordedSource(files));
  expect(sampleOf(kernel, 'node_intr_total')).toBe(9);
  expect(sampleOf(kernel, 'node_context_switches_total')).toBe(5);
  expect(sampleOf(kernel, 'node_forks_total')).toBe(6);
  expect(sampleOf(kernel, 'node_boot_time_seconds')).toBe(1_700_000_000);
  expect(sampleOf(kernel, 'node_procs_blocked')).toBe(1);
  const scheduler = await collected(schedstat, recordedSource(files));
  expect(sampleOf(scheduler, 'node_schedstat_running_seconds_total', { cpu: '0' })).toBe(1.5);
  expect(sampleOf(scheduler, 'node_schedstat_waiting_seconds_total', { cpu: '0' })).toBe(0.25);
  expect(sampleOf(scheduler, 'node_schedstat_timeslices_total', { cpu: '0' })).toBe(42);
});

test('pressure: some waits, full stalls, the CPU has no full', async () => {
  const both = (some: number, full: number) =>
    `some avg10=0.00 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`;
  const files = {
    'proc/pressure/cpu': both(1_500_000, 7),
    'proc/pressure/irq': 'full avg10=0.00 total=2000000\n',
  };
  const families = await collected(pressure, recordedSource(files));
  expect([...families.keys()]).toEqual([
    'node_pressure_cpu_waiting_seconds_total',
    'node_pressure_irq_stalled_seconds_total',
  ]);
  expect(sampleOf(families, 'node_pressure_cpu_waiting_seconds_total')).toBe(1.5);
  await expect(collected(pressure, recordedSource({}))).rejects.toMatchObject({ code: 'NO_DATA' });
});

test('socket memory against its thresholds', async () => {
  const files = {
    'proc/net/protocols':
      'protocol  size sockets  memory press maxhdr  slab\nPACKET    1600      0      -1   NI       0   no\nTCP       2304      1     128   yes    192   yes\nUDP 1344 0 2 NI 0 yes\n',
    'proc/sys/net/ipv4/tcp_mem': '10\t20\t30\n',
  };
  const families = await collected(sockmem, recordedSource(files));
  expect(sampleOf(families, 'weir_socket_memory_bytes', { protocol: 'TCP' })).toBe(524288);
  expect(families.get('weir_socket_memory_bytes')?.samples.size).toBe(2);
  expect(sampleOf(families, 'weir_socket_memory_pressure', { protocol: 'TCP' })).toBe(1);
  expect(sampleOf(families, 'weir_socket_memory_pressure', { protocol: 'UDP' })).toBeUndefined();
  const pressureAt = { protocol: 'TCP', threshold: 'pressure' };
  expect(sampleOf(families, 'weir_socket_memory_threshold_bytes', pressureAt)).toBe(81920);
});

test('lnstat and xfrm', async () => {
  const files = {
    'proc/net/stat/rt_cache': 'entries  in_hit\n0000000a 00000010\n0000000a 00000011\n',
    'proc/net/xfrm_stat':
      'XfrmInError \t1\nXfrmOutBundleGenError \t2\nXfrmInIptfsError \t3\nXfrmAcquireError 4\n',
  };
  const caches = await collected(lnstat, recordedSource(files));
  expect(sampleOf(caches, 'node_lnstat_in_hit_total', { subsystem: 'rt_cache', cpu: '1' })).toBe(0x11);
  const ipsec = await collected(xfrm, recordedSource(files));
  expect([...ipsec.keys()]).toEqual([
    'node_xfrm_in_error_packets_total',
    'node_xfrm_out_bundle_gen_error_packets_total',
    'node_xfrm_acquire_error_packets_total',
  ]);
  expect(xfrm.families).toHaveLength(28);
});

test('the registry: unique names, right suffixes, no label of its own called netns', () => {
  const families = [
    ...COLLECTORS.flatMap((one) => [...one.families, ...(one.openFamilies ?? [])]),
    ...Object.values(SELF),
  ];
  const names = families.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(COLLECTORS.map(({ name }) => name)).size).toBe(COLLECTORS.length);
  for (const { name, type, labels, help } of families) {
    expect(name).toMatch(/^(node|weir)_[a-zA-Z0-9_<>]+$/);
    if (name.startsWith('weir_')) expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(labels).not.toContain('netns');
    expect(help).not.toBe('');
  }
});

test('what node_exporter has on by default is on, what costs much is off', () => {
  const on = COLLECTORS.filter((one) => one.enabledByDefault).map(({ name }) => name);
  for (const name of [
    'netdev',
    'netclass',
    'netstat',
    'sockstat',
    'softnet',
    'conntrack',
    'arp',
    'udp_queues',
    'bonding',
  ])
    expect(on).toContain(name);
  for (const name of [
    'qdisc',
    'ethtool',
    'queues',
    'network_route',
    'tcpstat',
    'interrupts',
    'lnstat',
    'xfrm',
  ])
    expect(on).not.toContain(name);
});
