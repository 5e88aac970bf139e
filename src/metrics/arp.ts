// SPDX-License-Identifier: Apache-2.0
import type { Collector, NeighbourCount, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { optional } from './optional.ts';
import { WordScanner } from './word-scanner.ts';

const ARP: Family = {
  name: 'node_arp_entries',
  help: 'IPv4 neighbours of the device, without those that need no ARP.',
  type: 'gauge',
  labels: ['device'],
};
const NEIGHBOURS: Family = {
  name: 'weir_neighbour_entries',
  help: 'Neighbours of the device by address family and state.',
  type: 'gauge',
  labels: ['device', 'family', 'state'],
};
const TABLE: Family = {
  name: 'weir_neighbour_table_entries',
  help: 'Neighbours in the table that all namespaces share; compare it with the thresholds.',
  type: 'gauge',
  labels: ['family'],
};
const THRESHOLD: Family = {
  name: 'weir_neighbour_table_threshold_entries',
  help: 'gc_thresh1 to gc_thresh3: kept always, collected soon, refused above.',
  type: 'gauge',
  labels: ['family', 'threshold'],
};

/** Families of neighbours with their statistics file and sysctl folder. */
const TABLES = [
  ['ipv4', 'net/stat/arp_cache', 'sys/net/ipv4/neigh/default'],
  ['ipv6', 'net/stat/ndisc_cache', 'sys/net/ipv6/neigh/default'],
] as const;

const THRESHOLDS = ['gc_thresh1', 'gc_thresh2', 'gc_thresh3'];

/** Neighbours, counted while the kernel's dump streams by. */
export const arp: Collector = {
  name: 'arp',
  enabledByDefault: true,
  scope: 'netns',
  families: [ARP, NEIGHBOURS, TABLE, THRESHOLD],
  collect: collectArp,
};

async function collectArp(source: Source, out: Exposition): Promise<void> {
  const counts = await source.neighbourCounts();
  for (const [device, entries] of arpEntries(counts)) out.family(ARP).add([device], entries);
  for (const { device, family, state, entries } of counts)
    out.family(NEIGHBOURS).add([device, family, state], entries);
  if (source.netns === '') await writeTables(source, out);
}

function arpEntries(counts: readonly NeighbourCount[]): ReadonlyMap<string, number> {
  const byDevice = new Map<string, number>();
  for (const { device, family, state, entries } of counts)
    if (family === 'ipv4' && state !== 'noarp') byDevice.set(device, (byDevice.get(device) ?? 0) + entries);
  return byDevice;
}

async function writeTables(source: Source, out: Exposition): Promise<void> {
  for (const [family, statistics, sysctls] of TABLES) {
    const bytes = await optional(source.proc(statistics));
    if (bytes !== undefined) {
      const scanner = new WordScanner(bytes, statistics);
      if (scanner.nextLine() && scanner.nextLine()) out.family(TABLE).add([family], scanner.hex());
    }
    for (const threshold of THRESHOLDS) {
      const value = await readNumber(source, `${sysctls}/${threshold}`);
      if (value !== undefined) out.family(THRESHOLD).add([family, threshold], value);
    }
  }
}

async function readNumber(source: Source, path: string): Promise<number | undefined> {
  const bytes = await optional(source.proc(path));
  if (bytes === undefined) return undefined;
  const scanner = new WordScanner(bytes, path);
  return scanner.nextLine() ? scanner.number() : undefined;
}
