// SPDX-License-Identifier: Apache-2.0
// From what was compiled to what is written: the whole of it into tables that nobody uses yet, or a difference into those
// in force, so that packets see the old policy whole until the epoch changes and the new one whole from then on.
import {
  type CompiledPolicy,
  type MapChanges,
  type Segment,
  V4_ROOT_BLOCKS,
  type V4Root,
  type V6Prefix,
} from '../../policy/compiled.ts';
import {
  POLICY_COUNTER_SIZE,
  type PolicyPeerKey,
  type PolicyPlaceKey,
  type PolicyPlaceSlot,
  type PolicyV4Nodes,
} from '../../programs/generated/policy.ts';
import {
  EMPTY_SET,
  NEAR,
  NEAR_PEERS,
  type NearPeer,
  type NearPlace,
  NO_NODES,
  NO_PEER_KEY,
  NO_PLACE,
  NO_PLACE_KEY,
  NO_SEGMENT,
  nearIndex,
  nearPeerIndex,
  PEERS,
  PLACES,
  peerEntry,
  portRecords,
  ROOTS,
  ruleRecords,
  SETS,
  setEntry,
  v4Lines,
  v6Entries,
  verdictRecords,
} from './layouts.ts';
import { type Entries, Slotted } from './slotted.ts';

/** A device and what stands behind it, as the maps tell it. */
export type PlaceEntry = readonly [PolicyPlaceKey, PolicyPlaceSlot];

/** What is written into one map. */
export interface MapWrite extends Entries {
  readonly map: string;
}

/** A change of the maps: written in this order, before the epoch. */
export interface MapUpdate {
  readonly epoch: number;
  readonly writes: readonly MapWrite[];
  /** To be deleted when no packet of the former epoch is under way; asked for then. */
  readonly leftovers: () => readonly MapWrite[];
}

/** What stands in the maps of one generation. */
export class MapWriter {
  readonly #roots = new Slotted(ROOTS, NO_NODES);
  /** Of all blocks. */
  readonly #nodes = new Uint32Array(65_536);
  readonly #peers = new Slotted(PEERS, NO_SEGMENT);
  readonly #sets = new Slotted(SETS, EMPTY_SET);
  readonly #places = new Slotted(PLACES, NO_PLACE);
  readonly #near = new Slotted(NEAR, { key: NO_PLACE_KEY, slot: NO_PLACE });
  readonly #nearPeers = new Slotted(NEAR_PEERS, { key: NO_PEER_KEY, segment: NO_SEGMENT });
  /** Who has an index of the array of places, or of peers; it keeps it until all maps are made anew. */
  readonly #holders = new Map<number, string | number>();
  readonly #peerHolders = new Map<number, string | number>();
  #staleV6: readonly V6Prefix[] = [];
  /** CPUs that counters are kept for. */
  readonly #cpus: number;

  constructor(cpus: number) {
    this.#cpus = cpus;
  }

  /** Everything, for maps that are not in use. */
  fill(compiled: CompiledPolicy, places: readonly PlaceEntry[]): MapUpdate {
    const contents = compiled.contents();
    return {
      epoch: compiled.epoch,
      writes: written([
        ...this.#records({ ...contents, countersNew: compiled.changes.countersNew }),
        ['policy_v6', v6Entries(contents.v6.map((one) => [one, [one.identity, one.identity]]))],
        ['policy_v4_root', this.#roots.fill(this.#nodesWith(contents.v4Roots))],
        ['policy_peers', this.#peers.fill(contents.peers.map(peerEntry))],
        ['policy_near_peers', this.#nearPeers.fill(this.#nearestPeers(contents.peers.map(peerEntry)))],
        ['policy_sets', this.#sets.fill(contents.sets.map(setEntry))],
        ['policy_near_places', this.#near.fill(this.#nearest(places))],
        ['policy_places', this.#places.fill(places)],
      ]),
      leftovers: () => [],
    };
  }

  /** The difference to what stands there. @param places All, or with `areAll` false those that differ. */
  change(compiled: CompiledPolicy, places: readonly PlaceEntry[], areAll: boolean): MapUpdate {
    const { epoch, changes } = compiled;
    const gonePlaces = areAll ? this.#placesGone(places) : [];
    const gonePeers = changes.peersGone;
    const peersNow = [...gonePeers.map((key) => [key, NO_SEGMENT] as const), ...changes.peers.map(peerEntry)];
    const placesNow = [...gonePlaces.map((key) => [key, NO_PLACE] as const), ...places];
    return {
      epoch,
      writes: written([
        ...this.#records(changes),
        ['policy_v6', this.#v6(changes, epoch)],
        ['policy_v4_root', this.#roots.change(this.#nodesWith(changes.v4Roots), epoch)],
        ['policy_peers', this.#peers.change(peersNow, epoch)],
        ['policy_near_peers', this.#nearPeers.change(this.#nearestPeers(peersNow), epoch)],
        ['policy_sets', this.#sets.change(changes.sets.map(setEntry), epoch)],
        ['policy_near_places', this.#near.change(this.#nearest(placesNow), epoch)],
        ['policy_places', this.#places.change(placesNow, epoch)],
      ]),
      leftovers: () =>
        written([
          ['policy_peers', this.#peers.forget(gonePeers)],
          ['policy_places', this.#places.forget(gonePlaces)],
          ['policy_v6', this.#forgetV6(changes.v6Gone)],
        ]),
    };
  }

  /** The nodes that stand together with these. */
  #nodesWith(roots: readonly V4Root[]): readonly (readonly [number, PolicyV4Nodes])[] {
    const groups = new Set<number>();
    for (const { block, node } of roots) {
      this.#nodes[block] = node;
      groups.add(Math.floor(block / V4_ROOT_BLOCKS));
    }
    return Array.from(groups, (group) => {
      const first = group * V4_ROOT_BLOCKS;
      return [group, { node: [...this.#nodes.subarray(first, first + V4_ROOT_BLOCKS)] }];
    });
  }

  /** What nobody looks at before something in force points there. */
  #records(changes: MapChanges): readonly (readonly [string, Entries])[] {
    return [
      ['policy_counters', this.#zeros(changes.countersNew)],
      ['policy_rules', ruleRecords(changes.rules)],
      ['policy_verdicts', verdictRecords(changes.verdicts)],
      ['policy_ports', portRecords(changes.ports)],
      ['policy_v4', v4Lines(changes.v4Segments)],
    ];
  }

  #zeros(counters: readonly number[]): Entries {
    return {
      keys: new Uint8Array(Uint32Array.from(counters).buffer),
      values: new Uint8Array(counters.length * this.#cpus * POLICY_COUNTER_SIZE),
      count: counters.length,
    };
  }

  #v6({ v6, v6Gone }: MapChanges, epoch: number): Entries {
    const changed = [...v6Gone, ...v6];
    const known = new Set(changed.map(prefixId));
    const stale = this.#staleV6.filter((one) => !known.has(prefixId(one)));
    this.#staleV6 = changed;
    return v6Entries([
      ...stale.map((one) => [one, [one.identity, one.identity]] as const),
      ...changed.map((one) => {
        const { identity, before } = one;
        const slots: readonly [number, number] = (epoch & 1) === 0 ? [identity, before] : [before, identity];
        return [one, slots] as const;
      }),
    ]);
  }

  #forgetV6(gone: readonly V6Prefix[]): Entries {
    const ids = new Set(gone.map(prefixId));
    this.#staleV6 = this.#staleV6.filter((one) => !ids.has(prefixId(one)));
    return v6Entries(gone.map((one) => [one, [0, 0]]));
  }

  /**
   * Places that have an index of the array. One is given only to a place that is new, and so has no program yet that could
   * look there meanwhile.
   */
  #nearest(places: readonly PlaceEntry[]): readonly (readonly [number, NearPlace])[] {
    return places.flatMap(([key, slot]) => {
      const [index, id] = [nearIndex(key), PLACES.id(key)];
      if (!this.#holders.has(index) && !this.#places.has(key)) this.#holders.set(index, id);
      return this.#holders.get(index) === id ? [[index, { key, slot }] as const] : [];
    });
  }

  /**
   * Peers that have an index of the array. Packets may look there meanwhile: in the slot that they read is nothing, as in
   * the table before.
   */
  #nearestPeers(
    peers: readonly (readonly [PolicyPeerKey, Segment])[],
  ): readonly (readonly [number, NearPeer])[] {
    return peers.flatMap(([key, segment]) => {
      const [index, id] = [nearPeerIndex(key), PEERS.id(key)];
      if (!this.#peerHolders.has(index)) this.#peerHolders.set(index, id);
      return this.#peerHolders.get(index) === id ? [[index, { key, segment }] as const] : [];
    });
  }

  #placesGone(places: readonly PlaceEntry[]): readonly PolicyPlaceKey[] {
    const now = new Set(places.map(([key]) => PLACES.id(key)));
    return [...this.#places.entries()].map(([key]) => key).filter((key) => !now.has(PLACES.id(key)));
  }
}

function prefixId({ address, length }: V6Prefix): string {
  return `${length}/${String.fromCharCode(...address)}`;
}

function written(writes: readonly (readonly [string, Entries])[]): readonly MapWrite[] {
  return writes.filter(([, { count }]) => count > 0).map(([map, entries]) => ({ map, ...entries }));
}
