// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { optional } from './optional.ts';
import { pageSize } from './page-size.ts';
import { WordScanner } from './word-scanner.ts';

const gauge = (name: string, labels: readonly string[], help: string): Family => ({
  name: `weir_socket_memory_${name}`,
  help,
  type: 'gauge',
  labels,
});

const USED = gauge('bytes', ['protocol'], 'Memory that sockets of the protocol hold, in all namespaces.');
const PRESSURE = gauge('pressure', ['protocol'], 'Value is 1 while the protocol is under memory pressure.');
const THRESHOLD = gauge(
  'threshold_bytes',
  ['protocol', 'threshold'],
  'tcp_mem and udp_mem: no pressure below low, pressure from pressure on, refusal above high.',
);

const SYSCTLS = [
  ['TCP', 'sys/net/ipv4/tcp_mem'],
  ['UDP', 'sys/net/ipv4/udp_mem'],
] as const;

const THRESHOLDS = ['low', 'pressure', 'high'];

/** Socket memory against its thresholds. IPv4 and IPv6 of a protocol share one account, given under both names. */
export const sockmem: Collector = {
  name: 'sockmem',
  enabledByDefault: true,
  scope: 'node',
  families: [USED, PRESSURE, THRESHOLD],
  collect: collectSockmem,
};

async function collectSockmem(source: Source, out: Exposition): Promise<void> {
  const page = await pageSize(source);
  writeProtocols(new WordScanner(await source.proc('net/protocols'), 'net/protocols'), page, out);
  for (const [protocol, path] of SYSCTLS) {
    const bytes = await optional(source.proc(path));
    if (bytes === undefined) continue;
    const scanner = new WordScanner(bytes, path);
    scanner.nextLine();
    for (const threshold of THRESHOLDS)
      out.family(THRESHOLD).add([protocol, threshold], scanner.number() * page);
  }
}

/** `TCP 2304 1 128 no ...`: protocol, size, sockets, pages or -1, pressure or NI (not implemented). */
function writeProtocols(scanner: WordScanner, page: number, out: Exposition): void {
  scanner.nextLine();
  while (scanner.nextLine()) {
    scanner.nextWord();
    const protocol = scanner.text();
    scanner.skip(2);
    const pages = scanner.number();
    if (pages < 0) continue;
    out.family(USED).add([protocol], pages * page);
    scanner.nextWord();
    const pressure = scanner.text();
    if (pressure !== 'NI') out.family(PRESSURE).add([protocol], pressure === 'yes' ? 1 : 0);
  }
}
