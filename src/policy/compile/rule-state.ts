// SPDX-License-Identifier: Apache-2.0
import type {
  EndpointSelector,
  PolicyDirection,
  PolicyPeer,
  PolicyRule,
  PolicySpec,
  PolicyTier,
} from '../../model/policy.ts';
import { RULE_DEFAULT_ALLOW, type RuleRecord } from '../compiled.ts';
import { prefixOf } from '../prefix.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { Fact, Facts } from './facts.ts';
import { type Range, rangesOf } from './ranges.ts';
import type { SetState } from './set-state.ts';

/** When a rule matches a peer: one of its conditions holds, and none of the exceptions of that condition. */
export interface PeerCondition {
  /** Absent: every address of the family. */
  readonly fact?: Fact;
  /** Absent: of both families. */
  readonly family?: 4 | 6;
  readonly except: readonly Fact[];
}

/** A rule as sets hold it. Another wording is another state. */
export interface RuleState {
  readonly policy: PolicyState;
  readonly direction: PolicyDirection;
  readonly index: number;
  /** Name or place, by which it keeps its counter. */
  readonly id: string;
  readonly text: string;
  readonly rule: PolicyRule;
  readonly number: number;
  readonly counter: number;
  readonly order: readonly [tier: number, phase: number, priority: number];
  readonly conditions: readonly PeerCondition[];
  /** Facts that make it match where it does not match everybody, or make it not match. */
  readonly facts: readonly Fact[];
  /** It matches peers of which nothing is known. */
  readonly isForUnknown: boolean;
  readonly names: readonly string[];
  /** Ports that it matches; undefined when names have to be looked up. */
  readonly ranges: readonly Range[] | undefined;
}

export interface PolicyState {
  spec: PolicySpec;
  readonly selector: EndpointSelector;
  /** For sums that tell sets of policies apart. */
  readonly hash: number;
  readonly rules: Record<PolicyDirection, readonly RuleState[] | undefined>;
  readonly members: Set<EndpointState>;
  readonly sets: Set<SetState>;
}

const TIERS: Readonly<Record<PolicyTier, number>> = { management: 1, admin: 2, application: 3, baseline: 4 };
export const TIER = { self: 0, ...TIERS } as const;

/** The order in which rules are asked. */
export function compareRules(a: RuleState, b: RuleState): number {
  for (let i = 0; i < 3; i++) {
    const difference = (a.order[i] as number) - (b.order[i] as number);
    if (difference !== 0) return difference;
  }
  const [left, right] = [a.policy.spec.key, b.policy.spec.key];
  return left === right ? a.index - b.index : left < right ? -1 : 1;
}

/** Who gives a rule its number and its counter. */
export interface RuleNumbers {
  take(
    policy: PolicySpec,
    direction: PolicyDirection,
    index: number,
    id: string,
  ): Pick<RuleRecord, 'rule' | 'counter'>;
}

/** A name that stands once in a list, or the place. */
export function ruleIds(rules: readonly PolicyRule[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { name } of rules) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  return rules.map(({ name }, i) => (name !== undefined && counts.get(name) === 1 ? `=${name}` : `${i}`));
}

/** The state of a rule; its facts are in use from now on. */
export function makeRule(
  given: Pick<RuleState, 'policy' | 'direction' | 'index' | 'id' | 'text' | 'rule'>,
  facts: Facts,
  knowsSet: (name: string) => boolean,
  numbers: RuleNumbers,
): RuleState {
  const { policy, direction, index, id, rule } = given;
  const { tier, priority } = policy.spec;
  const denies = rule.action === 'deny' || rule.action === 'reject';
  const conditions = conditionsOf(rule, denies, facts, knowsSet);
  const names = namesIn(rule);
  const named = direction === 'egress' ? names.map((name) => facts.port(name)) : [];
  const { rule: number, counter } = numbers.take(policy.spec, direction, index, id);
  return {
    ...given,
    number,
    counter,
    order: [TIERS[tier], tier === 'application' && !denies ? 1 : 0, priority],
    conditions,
    facts: [
      ...conditions.flatMap(({ fact, except }) => (fact === undefined ? except : [fact, ...except])),
      ...named,
    ],
    isForUnknown: conditions.some(({ fact }) => fact === undefined),
    names,
    ranges: names.length === 0 ? rangesOf(rule.ports, []) : undefined,
  };
}

/** The rule by which an endpoint reaches its own addresses. */
export function selfRule(fact: Fact, direction: PolicyDirection, key: string): RuleState {
  const rule: PolicyRule = { action: 'allow' };
  const spec: PolicySpec = {
    key: '',
    tier: 'management',
    priority: 0,
    mode: 'enforce',
    established: 'recheck',
    subject: {},
  };
  const policy: PolicyState = {
    spec,
    selector: {},
    hash: 0,
    rules: { ingress: undefined, egress: undefined },
    members: new Set(),
    sets: new Set(),
  };
  return {
    policy,
    direction,
    index: 0,
    id: key,
    text: '',
    rule,
    number: RULE_DEFAULT_ALLOW,
    counter: RULE_DEFAULT_ALLOW,
    order: [TIER.self, 0, 0],
    conditions: [{ fact, except: [] }],
    facts: [fact],
    isForUnknown: false,
    names: [],
    ranges: rangesOf(undefined, []),
  };
}

function namesIn({ ports = [] }: PolicyRule): readonly string[] {
  return [...new Set(ports.flatMap(({ name }) => (name === undefined ? [] : [name])))];
}

function conditionsOf(
  { peers }: PolicyRule,
  denies: boolean,
  facts: Facts,
  knowsSet: (name: string) => boolean,
): readonly PeerCondition[] {
  if (peers === undefined) return [{ except: [] }];
  return peers.flatMap((peer) => conditionOf(peer, denies, facts, knowsSet));
}

function conditionOf(
  peer: PolicyPeer,
  denies: boolean,
  facts: Facts,
  knowsSet: (name: string) => boolean,
): readonly PeerCondition[] {
  if ('endpoints' in peer) return [{ fact: facts.selector(peer.endpoints), except: [] }];
  if ('cidrSet' in peer) {
    // a set that is not there: nothing is allowed for it, and everything denied
    if (!knowsSet(peer.cidrSet)) return denies ? [{ except: [] }] : [];
    return [{ fact: facts.set(peer.cidrSet), except: [] }];
  }
  const except = (peer.except ?? []).map((cidr) => facts.block(cidr));
  const { address, prefixlen } = prefixOf(peer.cidr);
  if (prefixlen === 0) return [{ family: address.length === 4 ? 4 : 6, except }];
  return [{ fact: facts.block(peer.cidr), except }];
}
