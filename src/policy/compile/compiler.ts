// SPDX-License-Identifier: Apache-2.0
import type { EndpointSpec, Labels, PolicyDirection, PolicySpec } from '../../model/policy.ts';
import type { CompiledPolicy, EndpointRecord, MapChanges, PolicySizes, RuleRecord } from '../compiled.ts';
import { PatchedMap } from '../patched-map.ts';
import { namespaceLabels } from '../select.ts';
import { EMPTY_WORLD, type World } from '../world.ts';
import { Decisions } from './decisions.ts';
import { Endpoints } from './endpoints.ts';
import { Facts } from './facts.ts';
import { Memberships } from './membership.ts';
import { Numbers, Places } from './numbers.ts';
import { Policies } from './policies.ts';
import { FIRST_RULE, RuleBook } from './rule-book.ts';
import { Segments } from './segments.ts';
import { Space4 } from './space4.ts';
import { Space6 } from './space6.ts';

/**
 * Compiles worlds, one after the other, into the content of the datapath's maps. What a world has in common with the one
 * before costs nothing. Differences are against what was accepted last: a compilation that was only looked at, or could
 * not be loaded, is part of the next one.
 */
export class PolicyCompiler {
  #world: World = EMPTY_WORLD;
  #accepted: number;
  #isFirst = true;
  readonly #parts: Parts;
  /** Sets of prefixes that there are. */
  readonly #setNames = new Set<string>();

  /** @param kept What an earlier compiler gave away, whose maps are in force: endpoints and rules get the same again. */
  constructor(kept?: KeptNumbers) {
    this.#accepted = kept?.epoch ?? 0;
    this.#parts = makeParts({ epoch: () => this.#accepted + 1, world: () => this.#world, kept });
  }

  /** The world as it was compiled last. */
  get world(): World {
    return this.#world;
  }

  /**
   * Compile a world. The result tells what is so until the next call. Objects of the world that are the same as before
   * are taken for unchanged.
   * @param touched Keys that may have changed, for one who knows; other entries are then not looked at, and the maps of the
   *   world may be the same ones as before with other entries.
   */
  update(world: World, touched?: TouchedKeys): CompiledPolicy {
    const before = this.#world;
    this.#world = world;
    const { endpoints, facts, policies, decisions, memberships, v4, v6 } = this.#parts;
    this.#updateEndpoints(before, world, touched);
    this.#updateSets(before, world, touched);
    for (const [key, spec] of changesIn('policies', before, world, touched)) policies.set(key, spec);
    for (const [key, spec] of differing(byKey(before.management), byKey(world.management)))
      policies.set(key, spec);
    facts.sweep();
    endpoints.place(facts);
    v4.rebuild();
    v6.rebuild();
    const { made, gone } = memberships.settle();
    decisions.peersChanged(made, gone);
    decisions.move(endpoints.moves(policies.takeDeltas()));
    decisions.settle();
    policies.sweep();
    this.#finish();
    return this.#result();
  }

  /** Facts of rules that went with their policies are given up now: what only they told apart becomes one again. */
  #finish(): void {
    const { facts, endpoints, v4, v6, memberships, decisions } = this.#parts;
    facts.sweep();
    endpoints.place(facts);
    v4.rebuild();
    v6.rebuild();
    const { made, gone } = memberships.settle();
    decisions.peersChanged(made, gone);
    decisions.settle();
    facts.sweepClasses();
    if (this.#isFirst) for (const one of this.#parts.keeping) one.forgetKept();
    this.#isFirst = false;
  }

  #updateEndpoints(before: World, world: World, touched: TouchedKeys | undefined): void {
    const { endpoints, facts, policies } = this.#parts;
    const changed = new Map<string, EndpointSpec | undefined>(changesIn('endpoints', before, world, touched));
    const relabelled = new Set(Array.from(changesIn('namespaces', before, world, touched), ([name]) => name));
    if (relabelled.size > 0)
      for (const [key, spec] of world.endpoints) if (relabelled.has(spec.namespace)) changed.set(key, spec);
    for (const [key, spec] of changed) {
      const known = endpoints.get(key);
      if (known !== undefined && (spec === undefined || known.number > 0 !== spec.devices.length > 0)) {
        facts.forget(known);
        policies.forget(known);
        endpoints.remove(known, facts);
      }
      if (spec === undefined) continue;
      const one = endpoints.set(spec, this.#labelsOf(spec.namespace), facts);
      facts.reselect(one);
      policies.reselect(one);
      policies.deltaOf(one);
    }
  }

  #labelsOf(namespace: string): Labels {
    return namespaceLabels(namespace, this.#world.namespaces.get(namespace));
  }

  #updateSets(before: World, world: World, touched: TouchedKeys | undefined): void {
    const { facts, policies } = this.#parts;
    const news = new Set<string>();
    for (const [name, list] of changesIn('sets', before, world, touched)) {
      facts.setChanged(name);
      if (this.#setNames.has(name) === (list !== undefined)) continue;
      news.add(name);
      if (list === undefined) this.#setNames.delete(name);
      else this.#setNames.add(name);
    }
    if (news.size > 0) policies.setsKnown(news);
  }

  /** Endpoints that a policy selects. */
  selected(policy: string): readonly EndpointSpec[] {
    return Array.from(this.#parts.policies.get(policy)?.members ?? [], ({ spec }) => spec);
  }

  /** Policies that have something to say about an endpoint and direction, in any order. */
  applied(endpoint: string, direction: PolicyDirection): readonly PolicySpec[] {
    const policies = this.#parts.endpoints.get(endpoint)?.policies ?? [];
    return [...policies].flatMap(({ spec, rules }) => (rules[direction] === undefined ? [] : [spec]));
  }

  /** The datapath holds what was compiled last: what is compiled next differs from that. */
  accept(): void {
    this.#accepted++;
    for (const one of Object.values(this.#parts.accepting)) one.accept();
  }

  #result(): CompiledPolicy {
    const { book, endpoints } = this.#parts;
    const current = () => changesOf(this.#parts, false);
    const contents = () => changesOf(this.#parts, true);
    let changes: MapChanges | undefined;
    return {
      epoch: this.#accepted + 1,
      get changes() {
        changes ??= current();
        return changes;
      },
      contents,
      sizes: sizesOf(this.#parts),
      overlong: this.#parts.segments.overlong,
      endpoint: (key: string): EndpointRecord | undefined => {
        const one = endpoints.get(key);
        return one === undefined || one.number === 0 ? undefined : endpoints.record(one);
      },
      rule: (number: number): RuleRecord | undefined => book.rule(number),
      rules: () => book.all(),
      relations: this,
    };
  }
}

/** Numbers of maps that are in force already. */
export interface KeptNumbers {
  readonly epoch: number;
  readonly numbers: {
    /** Number of an endpoint, by its key. */
    readonly endpoints: ReadonlyMap<string, number>;
    /** Number of a rule's counter, by policy, direction, and name or place: `Policy/edge ingress web`. */
    readonly counters: ReadonlyMap<string, number>;
  };
}

/** Those of rules: the two fixed ones always have theirs. */
function ownCounters(kept: KeptNumbers | undefined): ReadonlyMap<string, number> | undefined {
  return kept && new Map([...kept.numbers.counters].filter(([, number]) => number >= FIRST_RULE));
}

type Parts = ReturnType<typeof makeParts>;

interface Source {
  readonly epoch: () => number;
  readonly world: () => World;
  readonly kept: KeptNumbers | undefined;
}

function makeParts({ epoch, world, kept }: Source) {
  const epochs = {
    get epoch() {
      return epoch();
    },
  };
  const numbers = (from: number) => new Numbers(epochs, from);
  const [identities, sets, verdicts, atoms] = [numbers(1), numbers(1), numbers(1), numbers(1)];
  const endpointNumbers = new Numbers(epochs, 1, kept?.numbers.endpoints);
  const rules = numbers(FIRST_RULE);
  const counters = new Numbers(epochs, FIRST_RULE, ownCounters(kept));
  const [v4Places, portPlaces] = [new Places(epochs), new Places(epochs)];
  // facts and memberships know each other
  const memberships: Memberships = new Memberships(identities, (atom) => facts.meaning(atom));
  const v4 = new Space4(memberships, v4Places);
  const v6 = new Space6(memberships);
  const endpoints = new Endpoints({ numbers: endpointNumbers, v4, v6 });
  const facts: Facts = new Facts({
    numbers: atoms,
    v4,
    v6,
    endpoints: endpoints.index,
    byPortName: (name) => endpoints.byPortName(name),
    touched: (one) => endpoints.touch(one),
    set: (name) => world().sets.get(name),
  });
  const segments = new Segments(portPlaces, verdicts);
  const decisions = new Decisions(sets, segments, memberships);
  const book = new RuleBook(rules, counters);
  const policies = new Policies({
    facts,
    book,
    decisions,
    endpoints: endpoints.index,
    knowsSet: (name) => world().sets.has(name),
  });
  const accepting = {
    identities,
    sets,
    endpointNumbers,
    verdicts,
    atoms,
    rules,
    counters,
    v4Places,
    portPlaces,
    v4,
    v6,
    endpoints,
    segments,
    decisions,
    book,
  };
  const keeping = [endpointNumbers, counters];
  return { memberships, v4, v6, endpoints, facts, segments, decisions, book, policies, accepting, keeping };
}

function changesOf({ v4, v6, endpoints, segments, decisions, book }: Parts, all: boolean): MapChanges {
  const four = v4.records(all);
  const six = all ? { set: v6.all(), gone: [] } : v6.records();
  const { rules, countersNew } = book.changed();
  return {
    ...(all ? endpoints.all() : endpoints.changed()),
    v4Segments: four.segments,
    v4Roots: four.roots,
    v6: six.set,
    v6Gone: six.gone,
    ...(all ? decisions.all() : decisions.changed()),
    ...(all ? segments.all() : segments.changed()),
    rules: all ? [...book.all()] : rules,
    countersNew: all ? [] : countersNew,
  };
}

function sizesOf({ v6, endpoints, decisions, accepting }: Parts): PolicySizes {
  const { v4Places, portPlaces, verdicts, rules, counters, sets } = accepting;
  return {
    endpoints: endpoints.count,
    v4: v4Places.end,
    v6: v6.count,
    peers: decisions.peerCount,
    sets: sets.end,
    ports: portPlaces.end,
    verdicts: verdicts.end,
    rules: rules.end,
    counters: counters.end,
  };
}

function byKey(policies: readonly PolicySpec[]): ReadonlyMap<string, PolicySpec> {
  return new Map(policies.map((one) => [one.key, one]));
}

/** What of a world may have changed, by its maps. */
export type TouchedKeys = Readonly<
  Partial<Record<'endpoints' | 'namespaces' | 'sets' | 'policies', Iterable<string>>>
>;

function changesIn<N extends keyof TouchedKeys>(
  name: N,
  before: World,
  world: World,
  touched: TouchedKeys | undefined,
): Iterable<readonly [string, MapValue<World[N]> | undefined]> {
  type Value = MapValue<World[N]>;
  const after = world[name] as ReadonlyMap<string, Value>;
  if (touched === undefined) return differing(before[name] as ReadonlyMap<string, Value>, after);
  return Array.from(touched[name] ?? [], (key) => [key, after.get(key)] as const);
}

type MapValue<M> = M extends ReadonlyMap<string, infer V> ? V : never;

/** Entries that are not the same in both; undefined for those that are gone. */
function* differing<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): Iterable<[string, T | undefined]> {
  if (before === after) return;
  const changed = after instanceof PatchedMap ? (after as PatchedMap<T>).changedSince(before) : undefined;
  if (changed !== undefined) {
    for (const key of changed) if (before.get(key) !== after.get(key)) yield [key, after.get(key)];
    return;
  }
  for (const key of before.keys()) if (!after.has(key)) yield [key, undefined];
  for (const [key, value] of after) if (before.get(key) !== value) yield [key, value];
}
