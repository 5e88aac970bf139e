// SPDX-License-Identifier: Apache-2.0
// The sets of policies and what they decide. Only what a change touches is decided anew.
import type { PolicyDirection } from '../../model/policy.ts';
import type { PeerRecord, SetRecord } from '../compiled.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { Membership, Memberships } from './membership.ts';
import type { Numbers } from './numbers.ts';
import type { PolicyState, RuleState } from './rule-state.ts';
import type { SegmentState, Segments } from './segments.ts';
import { NO_EXTRA, type SetExtra, SetState } from './set-state.ts';

/** The policies of an endpoint in one direction become others. */
export interface Move {
  readonly endpoint: EndpointState;
  readonly direction: PolicyDirection;
  readonly added: readonly PolicyState[];
  readonly removed: readonly PolicyState[];
  readonly extra: SetExtra;
}

interface Touched {
  readonly set: number;
  readonly identity: number;
}

const IDENTITIES = 2 ** 24;

export class Decisions {
  readonly #numbers: Numbers;
  readonly #segments: Segments;
  readonly #memberships: Memberships;
  readonly #sets = new Map<number, SetState>();
  readonly #bySum = new Map<string, Set<SetState>>();
  /** Peers and sets by the facts that bring them together. */
  readonly #peersByFact = new Map<number, Set<Membership>>();
  readonly #setsByFact = new Map<number, Set<SetState>>();
  /** Sets with a record of an identity. */
  readonly #holders = new Map<number, Set<SetState>>();
  readonly #waiting = new Set<SetState>();
  readonly #touchedPeers = new Map<number, Touched>();
  readonly #touchedSets = new Set<number>();
  #peers = 0;

  constructor(numbers: Numbers, segments: Segments, memberships: Memberships) {
    this.#numbers = numbers;
    this.#segments = segments;
    this.#memberships = memberships;
  }

  /** Records of peers. */
  get peerCount(): number {
    return this.#peers;
  }
  get setCount(): number {
    return this.#sets.size;
  }

  /** A rule comes into all sets of its policy. */
  addRule(set: SetState, rule: RuleState): void {
    for (const fact of set.addRule(rule)) put(this.#setsByFact, fact, set);
    this.#dirtyBy(set, rule);
  }

  removeRule(set: SetState, rule: RuleState): void {
    this.#dirtyBy(set, rule);
    for (const fact of set.removeRule(rule)) take(this.#setsByFact, fact, set);
  }

  #dirtyBy(set: SetState, rule: RuleState): void {
    this.#waiting.add(set);
    if (set.isDirty) return;
    for (const { id } of rule.facts) for (const peer of this.#peersByFact.get(id) ?? []) set.dirty.add(peer);
  }

  /** Identities that came into use and went out of it. */
  peersChanged(made: readonly Membership[], gone: readonly Membership[]): void {
    // a set may have a record without asking for a fact of it any more
    for (const { identity } of gone)
      for (const set of [...(this.#holders.get(identity) ?? [])]) this.#keep(set, identity, undefined);
    for (const peer of gone)
      for (const fact of peer.facts) {
        take(this.#peersByFact, fact, peer);
        for (const set of this.#setsByFact.get(fact) ?? []) set.dirty.delete(peer);
      }
    for (const peer of made)
      for (const fact of peer.facts) {
        put(this.#peersByFact, fact, peer);
        for (const set of this.#setsByFact.get(fact) ?? []) {
          set.dirty.add(peer);
          this.#waiting.add(set);
        }
      }
  }

  /** Endpoints go from set to set. Where all of a set go together, the set itself changes. */
  move(moves: readonly Move[]): void {
    const groups = new Map<string, Move[]>();
    for (const one of moves) {
      const { direction, added, removed, extra, endpoint } = one;
      const names = (list: readonly PolicyState[]) =>
        list
          .map(({ hash }) => hash)
          .sort()
          .join();
      const key = [
        direction,
        endpoint.sets[direction]?.number,
        names(added),
        names(removed),
        extra.text,
      ].join(' ');
      const known = groups.get(key);
      if (known === undefined) groups.set(key, [one]);
      else known.push(one);
    }
    for (const group of groups.values()) this.#moveGroup(group);
  }

  #moveGroup(group: readonly Move[]): void {
    const { endpoint, direction, added, removed, extra } = group[0] as Move;
    const from = endpoint.sets[direction];
    const policies = new Set(from?.policies);
    for (const one of removed) policies.delete(one);
    for (const one of added) policies.add(one);
    const target = policies.size === 0 ? undefined : this.#find(direction, policies, extra);
    if (
      target === undefined &&
      policies.size > 0 &&
      from !== undefined &&
      from.endpoints.size === group.length
    ) {
      this.#alter(from, added, removed, extra);
      return;
    }
    const to = target ?? (policies.size === 0 ? undefined : this.#make(direction, policies, extra));
    for (const one of group) {
      from?.endpoints.delete(one.endpoint);
      to?.endpoints.add(one.endpoint);
      one.endpoint.sets[direction] = to;
    }
    if (from?.endpoints.size === 0) this.#drop(from);
  }

  #find(
    direction: PolicyDirection,
    policies: ReadonlySet<PolicyState>,
    extra: SetExtra,
  ): SetState | undefined {
    let hash = 0;
    for (const one of policies) hash += one.hash;
    for (const set of this.#bySum.get(sumOf(direction, hash, extra)) ?? [])
      if (set.policies.size === policies.size && [...policies].every((one) => set.policies.has(one)))
        return set;
    return undefined;
  }

  #make(direction: PolicyDirection, policies: Iterable<PolicyState>, extra: SetExtra): SetState {
    const set = new SetState(this.#numbers.take(), direction);
    this.#sets.set(set.number, set);
    this.#enter(set, policies, extra);
    return set;
  }

  #enter(set: SetState, policies: Iterable<PolicyState>, extra: SetExtra): void {
    for (const policy of policies) {
      set.addPolicy(policy, 1);
      policy.sets.add(set);
      for (const rule of policy.rules[set.direction] ?? []) this.addRule(set, rule);
    }
    this.#setExtra(set, extra);
    put(this.#bySum, sumOf(set.direction, set.hash, extra), set);
    this.#waiting.add(set);
  }

  #leave(set: SetState, policies: Iterable<PolicyState>): void {
    take(this.#bySum, sumOf(set.direction, set.hash, set.extra), set);
    for (const policy of policies) {
      for (const rule of policy.rules[set.direction] ?? []) this.removeRule(set, rule);
      set.addPolicy(policy, -1);
      policy.sets.delete(set);
    }
  }

  #setExtra(set: SetState, extra: SetExtra): void {
    if (set.extra.text === extra.text) return;
    if (set.extra.self !== undefined) this.removeRule(set, set.extra.self);
    set.extra = extra;
    set.isDirty = true;
    if (extra.self !== undefined) this.addRule(set, extra.self);
  }

  #alter(
    set: SetState,
    added: readonly PolicyState[],
    removed: readonly PolicyState[],
    extra: SetExtra,
  ): void {
    this.#leave(set, removed);
    this.#enter(set, added, extra);
  }

  #drop(set: SetState): void {
    this.#leave(set, [...set.policies]);
    this.#setExtra(set, NO_EXTRA);
    for (const identity of [...set.peers.keys()]) this.#keep(set, identity, undefined);
    for (const one of [set.v4, set.v6]) if (one !== undefined) this.#segments.count(one, -1);
    this.#sets.delete(set.number);
    this.#waiting.delete(set);
    this.#touchedSets.add(set.number);
    this.#numbers.release(set.number);
  }

  /** Decide what has to be decided anew. */
  settle(): void {
    for (const set of this.#waiting) {
      if (set.isDirty) this.#decideAll(set);
      else this.#decideSome(set, set.dirty);
      if (set.isDirty || set.strict !== set.toldStrict) this.#touchedSets.add(set.number);
      set.toldStrict = set.strict;
      set.isDirty = false;
      set.dirty.clear();
    }
    this.#waiting.clear();
    this.#segments.sweep();
  }

  #decideAll(set: SetState): void {
    const { 4: four, 6: six } = this.#memberships.nothing;
    const [v4, v6] = [set.segment(four, this.#segments), set.segment(six, this.#segments)];
    for (const one of [v4, v6]) this.#segments.count(one, 1);
    for (const one of [set.v4, set.v6]) if (one !== undefined) this.#segments.count(one, -1);
    [set.v4, set.v6] = [v4, v6];
    const peers = new Set<Membership>();
    for (const fact of set.facts) for (const peer of this.#peersByFact.get(fact) ?? []) peers.add(peer);
    const identities = new Set([...peers].map(({ identity }) => identity));
    for (const identity of [...set.peers.keys()])
      if (!identities.has(identity)) this.#keep(set, identity, undefined);
    this.#decideSome(set, peers);
  }

  /** Decide once for all peers that are alike to the set. */
  #decideSome(set: SetState, peers: Iterable<Membership>): void {
    const decided = new Map<string, SegmentState>();
    for (const peer of peers) {
      if (peer.gone) continue;
      const likeness = set.likeness(peer);
      const segment = decided.get(likeness) ?? set.segment(peer, this.#segments);
      decided.set(likeness, segment);
      const standard = peer.family === 4 ? set.v4 : set.v6;
      this.#keep(set, peer.identity, segment === standard ? undefined : segment);
    }
  }

  #keep(set: SetState, identity: number, segment: SegmentState | undefined): void {
    const before = set.peers.get(identity);
    if (before === segment) return;
    if (segment === undefined) {
      set.peers.delete(identity);
      take(this.#holders, identity, set);
    } else {
      if (before === undefined) put(this.#holders, identity, set);
      this.#segments.count(segment, 1);
      set.peers.set(identity, segment);
    }
    if (before !== undefined) this.#segments.count(before, -1);
    this.#peers += Number(segment !== undefined) - Number(before !== undefined);
    this.#touchedPeers.set(set.number * IDENTITIES + identity, { set: set.number, identity });
  }

  changed() {
    const sets: SetRecord[] = [];
    const setsGone: number[] = [];
    for (const number of this.#touchedSets) {
      const set = this.#sets.get(number);
      if (set === undefined) setsGone.push(number);
      else sets.push(set.record());
    }
    const peers: PeerRecord[] = [];
    const peersGone: Touched[] = [];
    for (const { set, identity } of this.#touchedPeers.values()) {
      const segment = this.#sets.get(set)?.peers.get(identity);
      if (segment === undefined) peersGone.push({ set, identity });
      else peers.push({ set, identity, first: segment.first, count: segment.count });
    }
    return { sets, setsGone, peers, peersGone };
  }

  all() {
    const sets = Array.from(this.#sets.values(), (set) => set.record());
    const peers = Array.from(this.#sets.values(), ({ number, peers: own }) =>
      Array.from(own, ([identity, { first, count }]) => ({ set: number, identity, first, count })),
    ).flat();
    return { sets, setsGone: [], peers, peersGone: [] };
  }

  accept(): void {
    this.#touchedPeers.clear();
    this.#touchedSets.clear();
  }
}

function sumOf(direction: PolicyDirection, hash: number, extra: SetExtra): string {
  return `${direction} ${hash} ${extra.text}`;
}

function put<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
}

function take<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const known = map.get(key);
  known?.delete(value);
  if (known?.size === 0) map.delete(key);
}
