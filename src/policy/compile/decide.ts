// SPDX-License-Identifier: Apache-2.0
// From the rules that match one peer and one port, in order, to the decision; TCP flags may make it several.
import { RULE_DEFAULT_ALLOW, RULE_ISOLATED } from '../compiled.ts';
import type { FlagCondition } from './ranges.ts';
import { type RuleState, TIER } from './rule-state.ts';

/** A rule with the flags under which it matches. */
export interface Candidate {
  readonly rule: RuleState;
  readonly flags?: FlagCondition;
}

/** The first whose condition holds decides; the last one has none. */
export interface Choice extends FlagCondition {
  readonly rule: number;
}

/** What isolates an endpoint when no rule of the tier `application` matches. */
export interface Isolation {
  readonly enforced: boolean;
  /** With policies in audit mode. */
  readonly audited: boolean;
}

/** A choice of both worlds: that of enforced policies, and that in which policies in audit mode were enforced, too. */
export interface DoubleChoice extends Choice {
  readonly auditRule: number;
}

const NO_FLAGS: FlagCondition = { mask: 0, value: 0 };

/** Those of `candidates` that `active` names, in the order of the rules. */
export interface Active {
  readonly candidates: readonly Candidate[];
  readonly active: readonly number[];
}

export function decide(candidates: Active, isolation: Isolation, hasAudit: boolean): readonly DoubleChoice[] {
  const enforced = choices(candidates, isolation.enforced, false);
  if (!hasAudit) return enforced.map((one) => ({ ...one, auditRule: one.rule }));
  return combined(enforced, choices(candidates, isolation.audited, true));
}

function choices(candidates: Active, isolated: boolean, audit: boolean): readonly Choice[] {
  const found: Choice[] = [];
  walk({ ...candidates, isolated, audit, found }, 0, -1, NO_FLAGS);
  return found;
}

interface Walk extends Active {
  readonly isolated: boolean;
  readonly audit: boolean;
  readonly found: Choice[];
}

/** Rules from `from` on under a condition; those of the tier `skipped` are passed by. */
function walk(all: Walk, from: number, skipped: number, under: FlagCondition): void {
  const { candidates, active, isolated, audit, found } = all;
  let skip = skipped;
  for (let i = from; i < active.length; i++) {
    const { rule, flags = NO_FLAGS } = candidates[active[i] as number] as Candidate;
    const [tier] = rule.order;
    if (tier === TIER.baseline && isolated) break;
    if (tier === skip || (!audit && rule.policy.spec.mode === 'audit')) continue;
    const both = and(under, flags);
    if (both === undefined) continue;
    const isCertain = both.mask === under.mask;
    if (rule.rule.action !== 'pass') found.push({ ...both, rule: rule.number });
    else if (isCertain) skip = tier;
    else walk(all, i + 1, tier, both);
    if (isCertain && rule.rule.action !== 'pass') return;
  }
  found.push({ ...under, rule: isolated ? RULE_ISOLATED : RULE_DEFAULT_ALLOW });
}

/** Both conditions; undefined if they exclude each other. */
function and(a: FlagCondition, b: FlagCondition): FlagCondition | undefined {
  const common = a.mask & b.mask;
  if ((a.value & common) !== (b.value & common)) return undefined;
  return { mask: a.mask | b.mask, value: a.value | b.value };
}

/** Pairs of choices in the order in which one of them is first in both. */
function combined(enforced: readonly Choice[], audited: readonly Choice[]): readonly DoubleChoice[] {
  const found: DoubleChoice[] = [];
  for (const [i, a] of enforced.entries())
    for (const [j, b] of audited.entries()) {
      const both = and(a, b);
      if (both === undefined) continue;
      if (isDecided(enforced, i, both) || isDecided(audited, j, both)) continue;
      found.push({ ...both, rule: a.rule, auditRule: b.rule });
    }
  return found;
}

/** True when a choice before the one at `end` holds whenever the condition does. */
function isDecided(list: readonly Choice[], end: number, condition: FlagCondition): boolean {
  return list
    .slice(0, end)
    .some(({ mask, value }) => (condition.mask & mask) === mask && (condition.value & mask) === value);
}
