// SPDX-License-Identifier: Apache-2.0
import type { PolicyDirection, PolicyRule, PolicySpec } from '../../model/policy.ts';
import { RULE_DEFAULT_ALLOW, RULE_ISOLATED, type RuleRecord } from '../compiled.ts';
import type { Numbers } from './numbers.ts';
import type { RuleNumbers } from './rule-state.ts';

interface Counter {
  readonly number: number;
  uses: number;
}

interface Entry {
  record: RuleRecord;
  uses: number;
}

const FIXED: readonly RuleRecord[] = [
  {
    rule: RULE_ISOLATED,
    action: 'deny',
    counter: RULE_ISOLATED,
    keepEstablished: false,
    origin: { policy: '', direction: '', index: 0, name: 'isolated' },
  },
  {
    rule: RULE_DEFAULT_ALLOW,
    action: 'allow',
    counter: RULE_DEFAULT_ALLOW,
    keepEstablished: false,
    origin: { policy: '', direction: '', index: 0, name: 'default' },
  },
];

/** First number that a rule of a policy, and a counter, can have. */
export const FIRST_RULE = FIXED.length;

/**
 * Rules by number, and their counters. A rule keeps its counter as long as a policy has one of its name, or else place; a
 * rule that does something else has another number, since the datapath must not see half of the old one.
 */
export class RuleBook implements RuleNumbers {
  readonly #numbers: Numbers;
  readonly #counterNumbers: Numbers;
  readonly #counters = new Map<string, Counter>();
  readonly #entries = new Map<string, Entry>();
  readonly #byNumber = new Map<number, Entry>(FIXED.map((record) => [record.rule, { record, uses: 1 }]));
  #fresh = new Set<number>();
  #freshCounters = new Set<number>();

  constructor(numbers: Numbers, counters: Numbers) {
    this.#numbers = numbers;
    this.#counterNumbers = counters;
  }

  take(
    policy: PolicySpec,
    direction: PolicyDirection,
    index: number,
    id: string,
  ): Pick<RuleRecord, 'rule' | 'counter'> {
    const rule = policy[direction]?.[index] as PolicyRule;
    // it never decides
    if (rule.action === 'pass') return { rule: RULE_DEFAULT_ALLOW, counter: RULE_DEFAULT_ALLOW };
    const counter = this.#counter(`${policy.key} ${direction} ${id}`, nameOf(policy, direction, rule, id));
    const origin = {
      policy: policy.key,
      direction,
      index,
      ...(rule.name !== undefined && { name: rule.name }),
    };
    const key = keyOf(policy, direction, rule, id);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.uses++;
      known.record = { ...known.record, origin };
      return known.record;
    }
    const { mark, log, limit } = rule;
    const record: RuleRecord = {
      rule: this.#numbers.take(),
      action: rule.action,
      counter: counter.number,
      ...(mark !== undefined && { mark }),
      ...(log !== undefined && { log }),
      ...(limit !== undefined && { limit }),
      keepEstablished: policy.established === 'keep',
      origin,
    };
    const entry = { record, uses: 1 };
    this.#entries.set(key, entry);
    this.#byNumber.set(record.rule, entry);
    this.#fresh.add(record.rule);
    return record;
  }

  /** @param policy As it was when the rule was taken. */
  release(policy: PolicySpec, direction: PolicyDirection, rule: PolicyRule, id: string): void {
    if (rule.action === 'pass') return;
    this.#releaseCounter(`${policy.key} ${direction} ${id}`);
    const key = keyOf(policy, direction, rule, id);
    const entry = this.#entries.get(key);
    if (entry === undefined || --entry.uses > 0) return;
    this.#entries.delete(key);
    this.#byNumber.delete(entry.record.rule);
    this.#fresh.delete(entry.record.rule);
    this.#numbers.release(entry.record.rule);
  }

  #counter(key: string, name: string | undefined): Counter {
    const known = this.#counters.get(key);
    if (known !== undefined) {
      known.uses++;
      return known;
    }
    const kept = name === undefined ? undefined : this.#counterNumbers.claim(name);
    const made = { number: kept ?? this.#counterNumbers.take(), uses: 1 };
    this.#counters.set(key, made);
    if (kept === undefined) this.#freshCounters.add(made.number);
    return made;
  }

  #releaseCounter(key: string): void {
    const counter = this.#counters.get(key);
    if (counter === undefined || --counter.uses > 0) return;
    this.#counters.delete(key);
    this.#freshCounters.delete(counter.number);
    this.#counterNumbers.release(counter.number);
  }

  rule(number: number): RuleRecord | undefined {
    return this.#byNumber.get(number)?.record;
  }

  *all(): Iterable<RuleRecord> {
    for (const { record } of this.#byNumber.values()) yield record;
  }

  get count(): number {
    return this.#byNumber.size;
  }

  changed(): { readonly rules: readonly RuleRecord[]; readonly countersNew: readonly number[] } {
    const rules = Array.from(this.#fresh, (number) => this.rule(number) as RuleRecord);
    return { rules, countersNew: [...this.#freshCounters] };
  }

  accept(): void {
    this.#fresh = new Set();
    this.#freshCounters = new Set();
  }
}

/** What a rule does, not whom it meets. */
function keyOf(policy: PolicySpec, direction: PolicyDirection, rule: PolicyRule, id: string): string {
  const { action, limit, mark, log } = rule;
  return `${policy.key} ${direction} ${id} ${JSON.stringify([action, limit, mark, log, policy.established])}`;
}

/** By which the counter of a rule is noted: its name, or its place if it has none. One of several of a name has none. */
function nameOf(
  policy: PolicySpec,
  direction: PolicyDirection,
  rule: PolicyRule,
  id: string,
): string | undefined {
  if (rule.name === undefined) return `${policy.key} ${direction} ${id}`;
  return id.startsWith('=') ? `${policy.key} ${direction} ${rule.name}` : undefined;
}
