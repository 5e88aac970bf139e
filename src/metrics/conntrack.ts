// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';

const gauge = (name: string, help: string): Family => ({ name, help, type: 'gauge', labels: [] });

const ENTRIES = gauge('node_nf_conntrack_entries', 'Connections being tracked.');
const LIMIT = gauge('node_nf_conntrack_entries_limit', 'Most connections that can be tracked.');

/** node_exporter types these as gauges, although they only grow. */
const CONTRACT: ReadonlyMap<string, Family> = new Map(
  Object.entries({
    found: 'Lookups that found an entry',
    invalid: 'Packets that cannot be tracked',
    ignore: 'Packets of connections that are not tracked',
    insert: 'Entries inserted',
    insert_failed: 'Entries that could not be inserted',
    drop: 'Packets dropped because tracking failed',
    early_drop: 'Entries removed to make room for new ones',
    search_restart: 'Lookups restarted because the table was resized',
  }).map(([name, help]) => [name, gauge(`node_nf_conntrack_stat_${name}`, `${help}, since boot.`)]),
);

/** The same and more with the right type. */
const COUNTERS: ReadonlyMap<string, Family> = new Map(
  Object.entries({
    found: 'Lookups that found an entry.',
    invalid: 'Packets that cannot be tracked.',
    insert: 'Entries inserted.',
    insert_failed: 'Entries that could not be inserted.',
    drop: 'Packets dropped because tracking failed.',
    early_drop: 'Entries removed to make room for new ones.',
    error: 'ICMP errors that belong to no connection.',
    search_restart: 'Lookups restarted because the table was resized.',
    clash_resolve: 'Insertion races that were resolved.',
    chain_toolong: 'Entries not inserted because their hash chain was too long.',
  }).map(([name, help]) => [
    name,
    { name: `weir_conntrack_${name}_total`, help, type: 'counter', labels: [] } as const,
  ]),
);

/** Connection tracking, from ctnetlink's statistics, summed over CPUs. */
export const conntrack: Collector = {
  name: 'conntrack',
  enabledByDefault: true,
  scope: 'netns',
  families: [ENTRIES, LIMIT, ...CONTRACT.values(), ...COUNTERS.values()],
  collect: collectConntrack,
};

async function collectConntrack(source: Source, out: Exposition): Promise<void> {
  const { entries, limit, stats } = await source.conntrack();
  out.family(ENTRIES).add([], entries);
  out.family(LIMIT).add([], limit);
  for (const [name, family] of CONTRACT) out.family(family).add([], stats.get(name) ?? 0);
  for (const [name, family] of COUNTERS) {
    const value = stats.get(name);
    if (value !== undefined) out.family(family).add([], value);
  }
}
