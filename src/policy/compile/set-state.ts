// SPDX-License-Identifier: Apache-2.0
import type { NamedPort, PolicyDirection } from '../../model/policy.ts';
import type { SetRecord } from '../compiled.ts';
import type { Isolation } from './decide.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { Membership } from './membership.ts';
import { rangesOf } from './ranges.ts';
import type { PolicyState, RuleState } from './rule-state.ts';
import type { Matching, SegmentState, Segments } from './segments.ts';

/** What tells one set from another besides its policies: named ports that its rules ask for, and who is itself. */
export interface SetExtra {
  readonly text: string;
  /** Of ingress: the endpoints' own named ports. */
  readonly ports: readonly NamedPort[];
  readonly self: RuleState | undefined;
}

export const NO_EXTRA: SetExtra = { text: '', ports: [], self: undefined };

/** The policies of some endpoints in one direction, and what they decide for every peer. */
export class SetState {
  readonly number: number;
  readonly direction: PolicyDirection;
  extra: SetExtra = NO_EXTRA;
  readonly policies = new Set<PolicyState>();
  readonly endpoints = new Set<EndpointState>();
  /** Sum of the hashes of its policies. */
  hash = 0;
  readonly #byFact = new Map<number, Set<RuleState>>();
  readonly #forUnknown = new Set<RuleState>();
  /** Segments of identities that differ from those of unknown peers. */
  readonly peers = new Map<number, SegmentState>();
  v4: SegmentState | undefined;
  v6: SegmentState | undefined;
  #denials = 0;
  #isolating = 0;
  #auditIsolating = 0;
  #audits = 0;
  /** To be decided anew: everything, or some peers. */
  isDirty = true;
  /** What the record said of `strict`. */
  toldStrict = false;
  readonly dirty = new Set<Membership>();

  constructor(number: number, direction: PolicyDirection) {
    this.number = number;
    this.direction = direction;
  }

  /** Facts by which it tells peers apart. */
  get facts(): Iterable<number> {
    return this.#byFact.keys();
  }

  get isolation(): Isolation {
    return { enforced: this.#isolating > 0, audited: this.#isolating + this.#auditIsolating > 0 };
  }

  get strict(): boolean {
    return this.#denials > 0 || this.#isolating > 0;
  }

  /** Policies of the tier `application` isolate, those in audit mode only on paper. */
  addPolicy(policy: PolicyState, difference: 1 | -1): void {
    const { tier, mode } = policy.spec;
    const before = JSON.stringify(this.isolation);
    if (difference > 0) this.policies.add(policy);
    else this.policies.delete(policy);
    this.hash += difference * policy.hash;
    if (mode === 'audit') this.#audits += difference;
    if (tier === 'application' && mode === 'audit') this.#auditIsolating += difference;
    if (tier === 'application' && mode === 'enforce') this.#isolating += difference;
    if (before !== JSON.stringify(this.isolation)) this.isDirty = true;
  }

  /** @returns Facts by which it did not tell peers apart before. */
  addRule(rule: RuleState): readonly number[] {
    const fresh: number[] = [];
    if (rule.isForUnknown) {
      this.#forUnknown.add(rule);
      this.isDirty = true;
    }
    for (const { id } of rule.facts) {
      const known = this.#byFact.get(id);
      if (known !== undefined) known.add(rule);
      else {
        this.#byFact.set(id, new Set([rule]));
        fresh.push(id);
      }
    }
    if (isDenial(rule)) this.#denials++;
    return fresh;
  }

  /** @returns Facts by which it does not tell peers apart any more. */
  removeRule(rule: RuleState): readonly number[] {
    const stale: number[] = [];
    if (this.#forUnknown.delete(rule)) this.isDirty = true;
    for (const { id } of rule.facts) {
      const known = this.#byFact.get(id);
      known?.delete(rule);
      if (known?.size === 0) {
        this.#byFact.delete(id);
        stale.push(id);
      }
    }
    if (isDenial(rule)) this.#denials--;
    return stale;
  }

  /** Says all of a peer that its rules ask for: peers of which it is the same are decided alike. */
  likeness({ facts, family, ports }: Membership): string {
    const asked = [...facts].filter((fact) => this.#byFact.has(fact)).sort((a, b) => a - b);
    return `${family} ${asked.join()} ${this.direction === 'egress' ? JSON.stringify(ports) : ''}`;
  }

  /** What is decided for one peer; for one of which nothing is known by the family alone. */
  segment(peer: Membership, segments: Segments): SegmentState {
    const rules = new Set<RuleState>(this.#forUnknown);
    for (const fact of peer.facts) for (const rule of this.#byFact.get(fact) ?? []) rules.add(rule);
    const matching: Matching[] = [];
    for (const rule of rules) {
      if (!matchesPeer(rule, peer)) continue;
      const named = this.direction === 'ingress' ? this.extra.ports : peer.ports;
      const ranges = rule.ranges ?? rangesOf(rule.rule.ports, named);
      if (ranges.length > 0) matching.push({ rule, ranges });
    }
    return segments.of({ matching, isolation: this.isolation, hasAudit: this.#audits > 0 });
  }

  record(): SetRecord {
    const [v4, v6] = [this.v4 as SegmentState, this.v6 as SegmentState];
    return {
      set: this.number,
      direction: this.direction,
      v4: { first: v4.first, count: v4.count },
      v6: { first: v6.first, count: v6.count },
      strict: this.strict,
    };
  }
}

function isDenial({ rule, policy }: RuleState): boolean {
  return policy.spec.mode === 'enforce' && (rule.action === 'deny' || rule.action === 'reject');
}

function matchesPeer({ conditions }: RuleState, peer: Membership): boolean {
  return conditions.some(
    ({ fact, family, except }) =>
      (fact === undefined || peer.facts.has(fact.id)) &&
      (family === undefined || family === peer.family) &&
      !except.some(({ id }) => peer.facts.has(id)),
  );
}
