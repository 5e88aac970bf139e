// SPDX-License-Identifier: Apache-2.0
import type { PolicyRule } from '../model/policy.ts';
import { MAX_CHAIN } from './compiled.ts';
import type { World } from './world.ts';

/** Something about a policy that a person should know. An error forbids that it comes into force. */
export interface PolicyProblem {
  readonly severity: 'error' | 'warning';
  /** Stable: `POLICY_SET_UNKNOWN`, `POLICY_SELECTS_NOTHING`, ... */
  readonly code: string;
  /** Class and key of the object that it is about. */
  readonly class: 'policy' | 'endpoint' | 'cidr-set';
  readonly key: string;
  readonly message: string;
}

/** What makes policies unusable. @param keys Policies to look at; all when absent. */
export function policyErrors(world: World, keys?: Iterable<string>): readonly PolicyProblem[] {
  const found: PolicyProblem[] = [];
  for (const key of keys ?? world.policies.keys()) {
    const policy = world.policies.get(key);
    for (const direction of ['ingress', 'egress'] as const)
      for (const [index, rule] of (policy?.[direction] ?? []).entries())
        for (const name of unknownSets(rule, world))
          found.push({
            severity: 'error',
            code: 'POLICY_SET_UNKNOWN',
            class: 'policy',
            key,
            message: `policy ${key}: ${ruleText(direction, index, rule)} names the CidrSet ${name}, which is not declared: declare it, or take it out`,
          });
  }
  return found;
}

function unknownSets({ peers = [] }: PolicyRule, { sets }: World): readonly string[] {
  return peers.flatMap((one) => ('cidrSet' in one && !sets.has(one.cidrSet) ? [one.cidrSet] : []));
}

/** How people are told of a rule: `ingress rule 2 (web)`, counted from 1. */
export function ruleText(direction: string, index: number, { name }: Pick<PolicyRule, 'name'>): string {
  return `${direction} rule ${index + 1}${name === undefined ? '' : ` (${name})`}`;
}

/** A decision depends on more combinations of TCP flags than the datapath looks at. */
export const OVERLONG: PolicyProblem = {
  severity: 'error',
  code: 'POLICY_FLAGS',
  class: 'policy',
  key: '',
  message: `rules for one port ask for more than ${MAX_CHAIN - 1} combinations of TCP flags: use fewer rules with tcpFlags for it`,
};
