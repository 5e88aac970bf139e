// SPDX-License-Identifier: Apache-2.0
// How many entries the maps have.
import type { PolicyTables } from '../../kernel/ports.ts';
import type { PolicySizes } from '../../policy/compiled.ts';
import { v4LinesFor } from './layouts.ts';

/** Entries of the maps that the programs write themselves. */
export interface StateSizes {
  readonly places: number;
  readonly flows: number;
  readonly newFlows: number;
  readonly buckets: number;
  readonly fragments: number;
  /** Bytes, a power of two. */
  readonly log: number;
}

export const STATE_SIZES: StateSizes = {
  places: 4096,
  flows: 262_144,
  newFlows: 65_536,
  buckets: 65_536,
  fragments: 16_384,
  log: 1 << 20,
};

/**
 * Sizes that were asked for, with more where more is needed: half as much again, so that it is not needed soon.
 * @param counters Of the map in force: it is used on as long as it is large enough.
 */
export function fitting(asked: PolicySizes | undefined, needed: PolicySizes, counters = 0): PolicySizes {
  const grown = Object.entries(needed).map(([name, count]) => {
    const room = asked?.[name as keyof PolicySizes] ?? (name === 'counters' ? counters : 0);
    return [name, count <= room ? room : Math.ceil(count * 1.5) + 64];
  });
  return Object.fromEntries(grown) as unknown as PolicySizes;
}

/** Whether the tables are as large as they ought to be. */
export function hasRoom(tables: PolicyTables, sizes: Readonly<Record<string, number>>): boolean {
  return Object.entries(sizes).every(([map, entries]) => tables.map(map).maxEntries >= entries);
}

const SPARE = 64;

export function mapSizes(sizes: PolicySizes, state: StateSizes): Readonly<Record<string, number>> {
  return {
    policy_places: state.places,
    policy_v4: Math.max(1, v4LinesFor(sizes.v4)),
    // what goes makes room only after what comes
    policy_v6: 2 * sizes.v6 + SPARE,
    policy_peers: 2 * sizes.peers + SPARE,
    policy_sets: Math.max(1, sizes.sets),
    policy_ports: Math.max(1, sizes.ports),
    policy_verdicts: Math.max(1, sizes.verdicts),
    policy_rules: Math.max(2, sizes.rules),
    policy_counters: Math.max(2, sizes.counters),
    policy_flows: state.flows,
    policy_new_flows: state.newFlows,
    policy_buckets: state.buckets,
    policy_fragments: state.fragments,
    policy_log: state.log,
  };
}
