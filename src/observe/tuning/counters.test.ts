// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { cpuSamples, neighbourTableFulls, protocolCounters, socketCounts } from './counters.ts';
import { interruptsIn, irqsOf } from './interrupts.ts';

test('counters of protocols, from pairs of lines and single ones', () => {
  const snmp = 'Tcp: RtoMin MaxConn RetransSegs\nTcp: 200 -1 42\nUdp: InDatagrams RcvbufErrors\nUdp: 7 3\n';
  const netstat = 'TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 1 9\n';
  const snmp6 =
    'Ip6InReceives                   \t12\nUdp6RcvbufErrors                \t4\nUdpLite6InDatagrams             \t5\n';
  const found = protocolCounters(snmp, netstat, snmp6);
  const names = [
    'Tcp.MaxConn',
    'Tcp.RetransSegs',
    'Udp.RcvbufErrors',
    'TcpExt.ListenOverflows',
    'Udp6.RcvbufErrors',
  ];
  expect(names.map((name) => found.get(name))).toEqual([-1, 42, 3, 9, 4]);
  expect(protocolCounters('', '', '').size).toBe(0);
});

test('sockets in use', () => {
  const found = socketCounts(
    'sockets: used 23\nTCP: inuse 1 orphan 0 tw 17 alloc 1 mem 320\nUDP: inuse 0 mem 0\n',
  );
  expect([found.get('TCP.tw'), found.get('UDP.mem'), found.get('sockets.used')]).toEqual([17, 0, 23]);
});

test('CPUs, by their number and not by their line', () => {
  const stat = 'cpu  10 0 10 80 0 0 0 0 0 0\ncpu1 5 0 5 40 2 0 8 0 0 0\ncpu3 1 1 1 1 1 1 1 1 9 9\nintr 5\n';
  const line = (cpu: number, processed: number) =>
    `${[processed, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, cpu].map((one) => one.toString(16).padStart(8, '0')).join(' ')}\n`;
  expect(cpuSamples(stat, line(1, 255) + line(3, 16))).toEqual([
    { cpu: 1, softirq: 8, idle: 42, total: 60, processed: 255, dropped: 2, squeezed: 3 },
    { cpu: 3, softirq: 1, idle: 2, total: 8, processed: 16, dropped: 2, squeezed: 3 },
  ]);
});

test('neighbours that found no place, over all CPUs', () => {
  const text = 'entries  allocs   table_fulls\n00000006 000014a3 0000000a\n00000006 00000000 00000001\n';
  expect(neighbourTableFulls(text)).toBe(11);
  expect(neighbourTableFulls('entries allocs\n00000006 000014a3\n')).toBe(0);
  expect(neighbourTableFulls('')).toBe(0);
});

test('interrupts by CPU, also where a CPU is off', () => {
  const text = `           CPU0       CPU2
 24:          1          7  IO-APIC   5-edge      ACPI:Ged
 38:          0       8699  PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0
NMI:          0          0   Non-maskable interrupts
`;
  const found = interruptsIn(text);
  expect(irqsOf(found, [38, 99])).toEqual([{ irq: 38, counts: [0, 0, 8699] }]);
});
