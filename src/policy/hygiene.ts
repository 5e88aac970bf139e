// SPDX-License-Identifier: Apache-2.0
// What is allowed and yet hardly meant: policies that select nothing, rules that never decide.
import type { EndpointSpec, PolicyDirection, PolicyRule, PolicySpec } from '../model/policy.ts';
import type { PolicyRelations } from './compiled.ts';
import { coversRule } from './cover.ts';
import { type PolicyProblem, ruleText } from './problems.ts';
import { selects } from './select.ts';
import { indexOf, type World, type WorldIndex } from './world.ts';

/** Rules beside one that are looked at. */
const MOST_BESIDE = 2000;
/** Peers in which an endpoint is looked for. */
const MOST_PEERS = 20_000;
/** Endpoints that are looked at when very many change. */
const MOST_ENDPOINTS_ASKED = 500;
/** Endpoints of a policy at which its rules are looked at. */
const MOST_ENDPOINTS = 16;

const DIRECTIONS = ['ingress', 'egress'] as const;

/** Warnings about policies. @param keys Policies to look at. */
export function policyWarnings(
  world: World,
  keys: Iterable<string>,
  relations: PolicyRelations,
): readonly PolicyProblem[] {
  const index = indexOf(world);
  const found: PolicyProblem[] = [];
  for (const key of keys) {
    const policy = world.policies.get(key);
    if (policy === undefined) continue;
    const selected = relations.selected(key);
    if (selected.length === 0) {
      found.push(
        warning('POLICY_SELECTS_NOTHING', key, `policy ${key} selects no endpoint: nothing comes of it`),
      );
      continue;
    }
    found.push(...equals(policy, selected, relations), ...nobody(policy, index));
    for (const direction of DIRECTIONS) found.push(...hidden(policy, direction, selected, relations));
  }
  return found;
}

/** Warnings about endpoints. @param keys Endpoints to look at. */
export function endpointWarnings(world: World, keys: Iterable<string>): readonly PolicyProblem[] {
  const asked = [...keys].slice(0, MOST_ENDPOINTS_ASKED);
  if (asked.length === 0) return [];
  const index = indexOf(world);
  const all = [...world.endpoints.values()];
  // texts of addresses are canonical
  const others = (address: string) => all.filter(({ addresses }) => addresses.includes(address));
  const found: PolicyProblem[] = [];
  for (const key of asked) {
    const endpoint = world.endpoints.get(key);
    if (endpoint === undefined) continue;
    const about = (code: string, message: string) =>
      found.push({
        severity: 'warning',
        code,
        class: 'endpoint',
        key,
        message: `endpoint ${key} ${message}`,
      });
    if (endpoint.addresses.length === 0 && isPeer(endpoint, index))
      about('POLICY_NO_ADDRESS', 'has no addresses: rules of others that select it by labels do not find it');
    for (const address of endpoint.addresses) {
      const other = others(address).find((one) => one.key !== key);
      if (other !== undefined)
        about(
          'POLICY_SAME_ADDRESS',
          `and ${other.key} both have ${address}: a rule that selects one finds both`,
        );
    }
  }
  return found;
}

/** True when a rule of a policy selects it as a peer. */
function isPeer(endpoint: EndpointSpec, index: WorldIndex): boolean {
  const labels = index.labelsOf(endpoint.namespace);
  let looked = 0;
  for (const policy of index.world.policies.values())
    for (const rule of DIRECTIONS.flatMap((direction) => policy[direction] ?? []))
      for (const peer of isNodeRule(policy, rule) ? [] : (rule.peers ?? [])) {
        if (++looked > MOST_PEERS) return false;
        if ('endpoints' in peer && selects(peer.endpoints, endpoint, labels)) return true;
      }
  return false;
}

function warning(code: string, key: string, message: string): PolicyProblem {
  return { severity: 'warning', code, class: 'policy', key, message };
}

/** Policies of one priority in a tier where the first match decides: their order is that of their names. */
function equals(
  policy: PolicySpec,
  selected: readonly EndpointSpec[],
  relations: PolicyRelations,
): readonly PolicyProblem[] {
  if (policy.tier === 'application') return [];
  const others = new Set<string>();
  for (const endpoint of selected.slice(0, MOST_ENDPOINTS))
    for (const direction of DIRECTIONS) {
      if (policy[direction] === undefined) continue;
      for (const other of relations.applied(endpoint.key, direction))
        if (other.key !== policy.key && other.tier === policy.tier && other.priority === policy.priority)
          others.add(other.key);
    }
  if (others.size === 0) return [];
  const names = listed([...others]);
  return [
    warning(
      'POLICY_EQUAL_PRIORITY',
      policy.key,
      `policy ${policy.key} has the priority ${policy.priority} of ${names} and selects endpoints that they select: they are asked in the order of their names, give each a priority of its own`,
    ),
  ];
}

/** Rules whose selectors find nobody. */
function nobody(policy: PolicySpec, index: WorldIndex): readonly PolicyProblem[] {
  const endpoints = [...index.world.endpoints.values()];
  const found: PolicyProblem[] = [];
  for (const direction of DIRECTIONS)
    for (const [i, rule] of (policy[direction] ?? []).entries()) {
      if (isNodeRule(policy, rule) || rule.peers === undefined) continue;
      const finds = rule.peers.some(
        (peer) =>
          !('endpoints' in peer) ||
          endpoints.some((one) => selects(peer.endpoints, one, index.labelsOf(one.namespace))),
      );
      if (!finds)
        found.push(
          warning(
            'POLICY_PEER_NOBODY',
            policy.key,
            `policy ${policy.key}: ${ruleText(direction, i, rule)} selects no endpoint as its peer: it matches nothing`,
          ),
        );
    }
  return found;
}

/** What the import of a NetworkPolicy adds by itself. */
function isNodeRule({ key }: PolicySpec, { name }: PolicyRule): boolean {
  return key.startsWith('NetworkPolicy/') && name === 'node';
}

/** Rules that never decide since others match before all that they match, and the other way round. */
function hidden(
  policy: PolicySpec,
  direction: PolicyDirection,
  selected: readonly EndpointSpec[],
  relations: PolicyRelations,
): readonly PolicyProblem[] {
  const found: PolicyProblem[] = [];
  const looked = selected.slice(0, MOST_ENDPOINTS);
  for (const [i, rule] of (policy[direction] ?? []).entries()) {
    if (isNodeRule(policy, rule)) continue;
    const hiders = looked.map((one) => hiderOf(policy, direction, i, relations.applied(one.key, direction)));
    if (hiders.some((one) => one === undefined)) continue;
    const names = listed([...new Set(hiders as string[])]);
    found.push(
      warning(
        'POLICY_SHADOWED',
        policy.key,
        `policy ${policy.key}: ${ruleText(direction, i, rule)} never decides, as ${names} matches all of it before`,
      ),
    );
  }
  return found;
}

/** A rule that hides the one at `index`, among the policies of an endpoint. */
function hiderOf(
  policy: PolicySpec,
  direction: PolicyDirection,
  index: number,
  policies: Iterable<PolicySpec>,
): string | undefined {
  const rule = policy[direction]?.[index] as PolicyRule;
  let looked = 0;
  for (const other of policies) {
    if (other.mode === 'audit' && policy.mode === 'enforce') continue;
    for (const [i, before] of (other[direction] ?? []).entries()) {
      if (++looked > MOST_BESIDE) return undefined;
      if (!isBefore({ policy: other, index: i, rule: before }, { policy, index, rule })) continue;
      if (coversRule(before, rule)) return `${ruleText(direction, i, before)} of ${other.key}`;
    }
  }
  return undefined;
}

interface Place {
  readonly policy: PolicySpec;
  readonly index: number;
  readonly rule: PolicyRule;
}

/** True when a rule is asked before another and leaves nothing to it. What only allows in addition takes nothing away. */
function isBefore(a: Place, b: Place): boolean {
  if (a.policy.tier === b.policy.tier && a.policy.tier === 'application') {
    const denies = ({ rule }: Place) => rule.action === 'deny' || rule.action === 'reject';
    if (denies(a) !== denies(b)) return denies(a);
    // two allows add up: that both say the same does no harm
    if (!denies(a)) return false;
  }
  if (a.policy.tier !== b.policy.tier) return rank(a) < rank(b) && a.rule.action !== 'pass';
  if (a.policy.key === b.policy.key) return a.index < b.index;
  if (a.policy.priority !== b.policy.priority) return a.policy.priority < b.policy.priority;
  return a.policy.key < b.policy.key;
}

function rank({ policy: { tier } }: Place): number {
  return ['management', 'admin', 'application', 'baseline'].indexOf(tier);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
