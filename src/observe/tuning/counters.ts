// SPDX-License-Identifier: Apache-2.0
// Counters from the texts of procfs. What cannot be read is left out: older and newer kernels have other columns.
import type { CpuSample } from '../../tuning/advice/sample.ts';

/** /proc/net/snmp and netstat (pairs of lines), and snmp6 (`Udp6InDatagrams 5`), by `protocol.field`. */
export function protocolCounters(snmp: string, netstat: string, snmp6: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const text of [snmp, netstat]) {
    const lines = text.split('\n');
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const [protocol = '', ...names] = (lines[i] as string).split(' ');
      const [, ...values] = (lines[i + 1] as string).split(' ');
      for (const [at, name] of names.entries())
        found.set(`${protocol.slice(0, -1)}.${name}`, Number(values[at]));
    }
  }
  for (const [, name = '', value] of snmp6.matchAll(/^(\w+)\s+(\d+)$/gm)) {
    const protocol = ['Icmp6', 'UdpLite6', 'Udp6', 'Ip6'].find((one) => name.startsWith(one));
    if (protocol !== undefined) found.set(`${protocol}.${name.slice(protocol.length)}`, Number(value));
  }
  return found;
}

/** /proc/net/sockstat, by `protocol.field`. */
export function socketCounts(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [, protocol = '', rest = ''] of text.matchAll(/^(\w+): (.*)$/gm))
    for (const [, name = '', value] of rest.matchAll(/(\w+) (\d+)/g))
      found.set(`${protocol}.${name}`, Number(value));
  return found;
}

/** Jiffies of /proc/stat and the counters of /proc/net/softnet_stat, by CPU. */
export function cpuSamples(stat: string, softnet: string): readonly CpuSample[] {
  const packets = new Map(
    softnet
      .split('\n')
      .filter((line) => line !== '')
      .map((line, i) => {
        const numbers = line
          .trim()
          .split(/\s+/)
          .map((word) => Number.parseInt(word, 16));
        return [numbers[12] ?? i, numbers] as const;
      }),
  );
  return [...stat.matchAll(/^cpu(\d+) (.*)$/gm)].map(([, name, rest = '']) => {
    const cpu = Number(name);
    const times = rest.trim().split(' ').map(Number);
    // user nice system idle iowait irq softirq steal; guests are in user already
    const own = times.slice(0, 8);
    const [processed = 0, dropped = 0, squeezed = 0] = packets.get(cpu) ?? [];
    return {
      cpu,
      softirq: times[6] ?? 0,
      idle: (times[3] ?? 0) + (times[4] ?? 0),
      total: own.reduce((total, one) => total + one, 0),
      processed,
      dropped,
      squeezed,
    };
  });
}

/** Sum over CPUs of the column `table_fulls` of /proc/net/stat/arp_cache or ndisc_cache. */
export function neighbourTableFulls(text: string): number {
  const [names = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const column = names.trim().split(/\s+/).indexOf('table_fulls');
  if (column < 0) return 0;
  return lines.reduce(
    (total, line) => total + (Number.parseInt(line.trim().split(/\s+/)[column] ?? '', 16) || 0),
    0,
  );
}
