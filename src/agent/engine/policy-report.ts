// SPDX-License-Identifier: Apache-2.0
// Network policy as the API shows it: what is in force, and what it counts.
import type {
  CidrSetChange,
  CidrSetItem,
  EndpointItem,
  EndpointReport,
  PolicyItem,
  PolicyReport,
  RuleReport,
} from '../../api/schemas/policies.ts';
import { WeirError } from '../../base/errors.ts';
import type { PolicyHost } from '../../engine/policy/host.ts';
import { ruleName } from '../../engine/policy/rule-name.ts';
import { canonicalBlock } from '../../kinds/policy/blocks.ts';
import type {
  CidrSetSpec,
  EndpointSpec,
  PolicyDirection,
  PolicyRule,
  PolicySpec,
} from '../../model/policy.ts';
import { selects } from '../../policy/select.ts';
import { indexOf } from '../../policy/world.ts';

const DIRECTIONS: readonly PolicyDirection[] = ['ingress', 'egress'];

interface Counted {
  readonly packets: number;
  readonly bytes: number;
  readonly last?: number;
  readonly since?: number;
}

const NOTHING: Counted = { packets: 0, bytes: 0 };

/** What rules have counted, by their names. */
function countsOf(host: PolicyHost): (name: string) => Counted {
  const { compiled } = host;
  if (compiled === undefined) return () => NOTHING;
  const { packets, bytes, last } = host.counters();
  const byName = new Map<string, number>();
  for (const { origin, counter } of compiled.rules()) byName.set(ruleName(origin), counter);
  return (name) => {
    const at = byName.get(name);
    if (at === undefined) return NOTHING;
    const seen = last[at] ?? 0;
    return {
      packets: packets[at] ?? 0,
      bytes: bytes[at] ?? 0,
      ...(seen > 0 && { last: seen }),
      ...(host.since(name) !== undefined && { since: host.since(name) as number }),
    };
  };
}

/** Policies by name. */
export function policyItems(host: PolicyHost): readonly PolicyItem[] {
  const counted = countsOf(host);
  return [...host.objects.policy.values()].sort(byKey).map((policy) => {
    const rules = rulesIn(policy, counted);
    const { key: name, tier, priority, mode } = policy;
    const sum = (field: 'packets' | 'bytes') => rules.reduce((all, one) => all + one[field], 0);
    return {
      name,
      tier: tier as PolicyItem['tier'],
      priority,
      mode,
      rules: rules.length,
      packets: sum('packets'),
      bytes: sum('bytes'),
    };
  });
}

/** One policy in force, by the name of its document. */
export function policyReport(host: PolicyHost, name: string): Omit<PolicyReport, 'revision' | 'document'> {
  const policy = host.objects.policy.get(name);
  const { world } = host;
  if (policy === undefined) return { name, endpoints: [], rules: [] };
  const index = world && indexOf(world);
  const selected = [...host.objects.endpoint.values()].filter(
    (one) => index !== undefined && selects(policy.subject, one, index.labelsOf(one.namespace)),
  );
  return {
    name,
    endpoints: selected.map(({ key }) => key).sort(),
    rules: [...rulesIn(policy, countsOf(host))],
  };
}

/** Every rule of every policy, by policy. */
export function rulesOf(host: PolicyHost): readonly RuleReport[] {
  const counted = countsOf(host);
  return [...host.objects.policy.values()].sort(byKey).flatMap((policy) => rulesIn(policy, counted));
}

function rulesIn(policy: PolicySpec, counted: (name: string) => Counted): readonly RuleReport[] {
  return DIRECTIONS.flatMap((direction) =>
    (policy[direction] ?? []).map((rule, index) => ruleReport(policy, direction, index, rule, counted)),
  );
}

function ruleReport(
  { key: policy }: PolicySpec,
  direction: PolicyDirection,
  index: number,
  { name, action }: PolicyRule,
  counted: (name: string) => Counted,
): RuleReport {
  const named = name !== undefined && { name };
  const { packets, bytes, last, since } = counted(ruleName({ policy, direction, index, ...named }));
  return {
    policy,
    direction,
    index,
    ...named,
    action,
    packets,
    bytes,
    ...(last !== undefined && { last: iso(last) }),
    ...(last === undefined && since !== undefined && { unusedSince: iso(since) }),
  };
}

/** An endpoint with its devices that are there. */
export function endpointItem(host: PolicyHost, { key, labels, side, addresses }: EndpointSpec): EndpointItem {
  const places = host.placesOf(key);
  return { name: key, labels: { ...labels }, side, addresses: [...addresses], places: [...places] };
}

/** An endpoint with the policies that apply to it. */
export function endpointReport(host: PolicyHost, key: string): Omit<EndpointReport, 'revision' | 'document'> {
  const endpoint = host.objects.endpoint.get(key);
  if (endpoint === undefined) throw new WeirError('NOT_FOUND', { what: 'endpoint', name: key, hint: '' });
  const { world } = host;
  const of = (direction: PolicyDirection) =>
    world === undefined
      ? []
      : indexOf(world)
          .policiesOf(endpoint, direction)
          .map((one) => one.key);
  return { ...endpointItem(host, endpoint), policies: { ingress: of('ingress'), egress: of('egress') } };
}

export function setItem(host: PolicyHost, { name, file }: CidrSetSpec): CidrSetItem {
  return { name, prefixes: host.prefixesIn(name), ...(file !== undefined && { file }) };
}

/** A list of prefixes with some more and without some. @throws {WeirError} `VALUE` for what is none. */
export function changedCidrs(cidrs: readonly string[], { add = [], remove = [] }: CidrSetChange): string[] {
  const kept = new Set(cidrs.map(canonical));
  for (const text of remove) kept.delete(canonical(text));
  for (const text of add) kept.add(canonical(text));
  return [...kept];
}

function canonical(text: string): string {
  try {
    return canonicalBlock(text);
  } catch (error) {
    throw error instanceof WeirError ? error : new WeirError('VALUE', { what: text, problem: String(error) });
  }
}

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : 1;
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
