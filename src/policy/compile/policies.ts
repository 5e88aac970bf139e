// SPDX-License-Identifier: Apache-2.0
import type { PolicyDirection, PolicyRule, PolicySpec } from '../../model/policy.ts';
import { selects } from '../select.ts';
import type { Decisions } from './decisions.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { Facts } from './facts.ts';
import type { RuleBook } from './rule-book.ts';
import { makeRule, type PolicyState, type RuleState, ruleIds } from './rule-state.ts';
import { type Selectable, Selectors } from './selector-index.ts';

const DIRECTIONS = ['ingress', 'egress'] as const;

/** Endpoints whose policies became others, with those that came and went. */
export interface PolicyDelta {
  readonly added: Set<PolicyState>;
  readonly removed: Set<PolicyState>;
}

interface PolicyParts {
  readonly facts: Facts;
  readonly book: RuleBook;
  readonly decisions: Decisions;
  readonly endpoints: Selectable<EndpointState>;
  readonly knowsSet: (name: string) => boolean;
}

/** The policies of the world and whom they select. */
export class Policies {
  readonly #parts: PolicyParts;
  readonly #byKey = new Map<string, PolicyState>();
  readonly #subjects = new Selectors<PolicyState>();
  #deltas = new Map<EndpointState, PolicyDelta>();
  #next = 1;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  /** The policy of this key is this one now; undefined: it is gone. */
  set(key: string, spec: PolicySpec | undefined): void {
    const known = this.#byKey.get(key);
    if (known === undefined) {
      if (spec !== undefined) this.#add(spec);
      return;
    }
    const isSame = spec !== undefined && canStay(known.spec, spec);
    if (isSame) this.#change(known, spec);
    else {
      // rules of the same name keep their counters: the new ones come before the old ones go
      if (spec !== undefined) this.#add(spec);
      this.#remove(known, spec === undefined);
    }
  }

  #add(spec: PolicySpec): void {
    const hash = (this.#next++ * 0x9e3779b1) % 2 ** 34;
    const state: PolicyState = {
      spec,
      selector: spec.subject,
      hash,
      rules: { ingress: undefined, egress: undefined },
      members: new Set(),
      sets: new Set(),
    };
    for (const direction of DIRECTIONS) state.rules[direction] = this.#rules(state, direction, []);
    this.#byKey.set(spec.key, state);
    this.#subjects.add(state);
    for (const one of this.#parts.endpoints.candidates(spec.subject))
      if (selects(spec.subject, one.spec, one.labels)) this.#join(state, one);
  }

  #remove(state: PolicyState, isLast: boolean): void {
    if (isLast) this.#byKey.delete(state.spec.key);
    this.#subjects.delete(state);
    for (const one of state.members) this.#leave(state, one);
    this.#leaving.push(state);
  }

  /** Policies that are gone; their rules are given up when no set has them any more. */
  readonly #leaving: PolicyState[] = [];

  /** Other rules for the same endpoints. */
  #change(state: PolicyState, spec: PolicySpec): void {
    const { decisions } = this.#parts;
    const before = state.spec;
    const others = before.tier !== spec.tier || before.mode !== spec.mode;
    if (others) for (const set of state.sets) set.addPolicy(state, -1);
    state.spec = spec;
    if (others) for (const set of state.sets) set.addPolicy(state, 1);
    for (const direction of DIRECTIONS) {
      const old = state.rules[direction] ?? [];
      const now = this.#rules(state, direction, old) ?? [];
      const [kept, made] = [new Set(now), now.filter((rule) => !old.includes(rule))];
      const gone = old.filter((rule) => !kept.has(rule));
      for (const set of state.sets) {
        if (set.direction !== direction) continue;
        for (const rule of gone) decisions.removeRule(set, rule);
        for (const rule of made) decisions.addRule(set, rule);
      }
      if (state.rules[direction] !== undefined) state.rules[direction] = now;
      // the named ports of its endpoints may count now, or not any more
      if ([...made, ...gone].some(({ names }) => names.length > 0))
        for (const one of state.members) this.deltaOf(one);
      for (const rule of gone) this.#giveUp(rule, before);
    }
  }

  /** Rules of a policy; what is worded as before is the same. */
  #rules(
    state: PolicyState,
    direction: PolicyDirection,
    old: readonly RuleState[],
  ): readonly RuleState[] | undefined {
    const { spec } = state;
    const list = spec[direction];
    if (list === undefined) return undefined;
    const { facts, book, knowsSet } = this.#parts;
    const ids = ruleIds(list);
    return list.map((rule, index) => {
      const text = textOf(spec, rule, index, knowsSet);
      const known = old[index];
      const id = ids[index] as string;
      if (known !== undefined && known.text === text && known.id === id) return known;
      return makeRule({ policy: state, direction, index, id, text, rule }, facts, knowsSet, book);
    });
  }

  #giveUp(rule: RuleState, spec: PolicySpec): void {
    for (const fact of rule.facts) this.#parts.facts.release(fact);
    this.#parts.book.release(spec, rule.direction, rule.rule, rule.id);
  }

  /** Which policies select an endpoint that is new or has other labels. */
  reselect(one: EndpointState): void {
    const now = new Set<PolicyState>();
    for (const state of this.#subjects.candidates(one.spec, one.labels))
      if (selects(state.selector, one.spec, one.labels)) now.add(state);
    for (const state of [...one.policies]) if (!now.has(state)) this.#leave(state, one);
    for (const state of now) if (!one.policies.has(state)) this.#join(state, one);
  }

  forget(one: EndpointState): void {
    for (const state of [...one.policies]) this.#leave(state, one);
  }

  #join(state: PolicyState, one: EndpointState): void {
    state.members.add(one);
    one.policies.add(state);
    const { added, removed } = this.deltaOf(one);
    if (!removed.delete(state)) added.add(state);
  }

  #leave(state: PolicyState, one: EndpointState): void {
    state.members.delete(one);
    one.policies.delete(state);
    const { added, removed } = this.deltaOf(one);
    if (!added.delete(state)) removed.add(state);
  }

  /** What of an endpoint's policies became different; an endpoint that is looked at again has an empty one. */
  deltaOf(one: EndpointState): PolicyDelta {
    let known = this.#deltas.get(one);
    if (known === undefined) {
      known = { added: new Set(), removed: new Set() };
      this.#deltas.set(one, known);
    }
    return known;
  }

  takeDeltas(): ReadonlyMap<EndpointState, PolicyDelta> {
    const deltas = this.#deltas;
    this.#deltas = new Map();
    return deltas;
  }

  /** Give up the rules of policies that are gone: when endpoints have left their sets. */
  sweep(): void {
    for (const { spec, rules } of this.#leaving.splice(0))
      for (const direction of DIRECTIONS) for (const rule of rules[direction] ?? []) this.#giveUp(rule, spec);
  }

  /** A set of prefixes came or went: rules that name it mean something else. */
  setsKnown(names: ReadonlySet<string>): void {
    for (const state of [...this.#byKey.values()])
      if (DIRECTIONS.some((direction) => state.spec[direction]?.some((rule) => namesOneOf(rule, names))))
        this.#change(state, state.spec);
  }

  get(key: string): PolicyState | undefined {
    return this.#byKey.get(key);
  }
}

function namesOneOf({ peers = [] }: PolicyRule, names: ReadonlySet<string>): boolean {
  return peers.some((one) => 'cidrSet' in one && names.has(one.cidrSet));
}

/** True when only rules are different: the same endpoints in the same directions. */
function canStay(before: PolicySpec, after: PolicySpec): boolean {
  return (
    JSON.stringify(before.subject) === JSON.stringify(after.subject) &&
    DIRECTIONS.every((one) => (before[one] === undefined) === (after[one] === undefined))
  );
}

/** All that a rule's state depends on. */
function textOf(
  { tier, priority, mode, established }: PolicySpec,
  rule: PolicyRule,
  index: number,
  knowsSet: (name: string) => boolean,
): string {
  const unknown = rule.peers?.flatMap((one) =>
    'cidrSet' in one && !knowsSet(one.cidrSet) ? [one.cidrSet] : [],
  );
  return JSON.stringify([tier, priority, mode, established, index, unknown, rule]);
}
