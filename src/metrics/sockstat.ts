// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { FamilyCache } from './family-cache.ts';
import { optional } from './optional.ts';
import { pageSize } from './page-size.ts';
import { WordScanner } from './word-scanner.ts';

const SOCKETS_USED: Family = {
  name: 'node_sockstat_sockets_used',
  help: 'Sockets in use, of all families.',
  type: 'gauge',
  labels: [],
};

const families = new FamilyCache((name) => ({
  name: `node_sockstat_${name}`,
  help: `Sockets by protocol: ${name.replace('_', ', ')}.`,
  type: 'gauge',
  labels: [],
}));

/** Sockets by protocol, from /proc/net/sockstat and sockstat6. */
export const sockstat: Collector = {
  name: 'sockstat',
  enabledByDefault: true,
  scope: 'netns',
  families: [SOCKETS_USED],
  openFamilies: [families.get('<protocol>_<field>')],
  collect: collectSockstat,
};

async function collectSockstat(source: Source, out: Exposition): Promise<void> {
  const v4 = await optional(source.proc('net/sockstat'));
  const v6 = await optional(source.proc('net/sockstat6'));
  const page = await pageSize(source);
  if (v4 !== undefined) write(v4, 'net/sockstat', page, out);
  if (v6 !== undefined) write(v6, 'net/sockstat6', page, out);
}

/** `TCP: inuse 3 orphan 0 ...` per line. */
function write(bytes: Uint8Array, path: string, page: number, out: Exposition): void {
  const scanner = new WordScanner(bytes, path);
  while (scanner.nextLine()) {
    scanner.nextWord();
    const protocol = scanner.text().slice(0, -1);
    while (scanner.nextWord()) writeField(protocol, scanner.text(), scanner.number(), page, out);
  }
}

function writeField(protocol: string, field: string, value: number, page: number, out: Exposition): void {
  if (protocol === 'sockets') {
    if (field === 'used') out.family(SOCKETS_USED).add([], value);
    return;
  }
  out.family(families.get(`${protocol}_${field}`)).add([], value);
  if (field === 'mem') out.family(families.get(`${protocol}_mem_bytes`)).add([], value * page);
}
