// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { optional } from './optional.ts';
import { WordScanner } from './word-scanner.ts';

/** node_exporter's default selection: nothing else passes. */
const SELECTED = new RegExp(
  `^(?:${[
    '.*_(?:InErrors|InErrs)',
    'Ip_Forwarding',
    'Ip(?:6|Ext)_(?:InOctets|OutOctets)',
    'Icmp6?_(?:InMsgs|OutMsgs)',
    'TcpExt_(?:Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)',
    'Tcp_(?:ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)',
    'Udp6?_(?:InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors)',
  ].join('|')})$`,
);

/** Protocols whose lines in snmp6 begin with their name, the longer names first. */
const SNMP6_PROTOCOLS = ['Icmp6', 'Ip6', 'UdpLite6', 'Udp6'];

const families = new Map<string, Family | undefined>();

/** SNMP counters of the protocols, from /proc/net/{netstat,snmp,snmp6}; a later file wins. */
export const netstat: Collector = {
  name: 'netstat',
  enabledByDefault: true,
  scope: 'netns',
  families: [],
  openFamilies: [familyNamed('<protocol>', '<field>')],
  collect: collectNetstat,
};

async function collectNetstat(source: Source, out: Exposition): Promise<void> {
  const values = new Map<Family, number>();
  readTables(await source.proc('net/netstat'), 'net/netstat', values);
  readTables(await source.proc('net/snmp'), 'net/snmp', values);
  const snmp6 = await optional(source.proc('net/snmp6'));
  if (snmp6 !== undefined) readSnmp6(snmp6, values);
  for (const [family, value] of values) out.family(family).add([], value);
}

/** Pairs of lines: `Tcp: name name ...` and `Tcp: 1 2 ...`. */
function readTables(bytes: Uint8Array, path: string, values: Map<Family, number>): void {
  const names = new WordScanner(bytes, path);
  const numbers = new WordScanner(bytes, path);
  while (names.nextLine() && numbers.nextLine() && numbers.nextLine()) {
    names.nextWord();
    numbers.nextWord();
    const protocol = names.text().slice(0, -1);
    while (names.nextWord()) {
      const family = selected(protocol, names.text());
      if (family === undefined) numbers.nextWord();
      else values.set(family, numbers.number());
    }
    names.nextLine();
  }
}

/** One `Ip6InReceives 123` per line. */
function readSnmp6(bytes: Uint8Array, values: Map<Family, number>): void {
  const scanner = new WordScanner(bytes, 'net/snmp6');
  while (scanner.nextLine()) {
    scanner.nextWord();
    const key = scanner.text();
    const protocol = SNMP6_PROTOCOLS.find((name) => key.startsWith(name));
    if (protocol === undefined) continue;
    const family = selected(protocol, key.slice(protocol.length));
    if (family !== undefined) values.set(family, scanner.number());
  }
}

function selected(protocol: string, field: string): Family | undefined {
  const key = `${protocol}_${field}`;
  if (!families.has(key)) families.set(key, SELECTED.test(key) ? familyNamed(protocol, field) : undefined);
  return families.get(key);
}

function familyNamed(protocol: string, field: string): Family {
  return {
    name: `node_netstat_${protocol}_${field}`,
    help: `SNMP counter ${field} of ${protocol}.`,
    type: 'untyped',
    labels: [],
  };
}
