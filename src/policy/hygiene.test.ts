// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { EndpointSpec, PolicyRule, PolicySpec } from '../model/policy.ts';
import { PolicyCompiler } from './compile/compiler.ts';
import { endpointWarnings, policyWarnings } from './hygiene.ts';
import { policyErrors } from './problems.ts';
import { EMPTY_WORLD, type World } from './world.ts';

const endpoint = (key: string, addresses: readonly string[], app: string): EndpointSpec => ({
  key,
  namespace: key.split('/')[0] as string,
  labels: { app },
  side: 'workload',
  devices: [`d-${app}`],
  addresses,
  ports: [],
});

const app = (value: string) => [{ key: 'app', operator: 'In', values: [value] }] as const;

const policy = (key: string, ingress: readonly PolicyRule[], more: Partial<PolicySpec> = {}): PolicySpec => ({
  key,
  tier: 'application',
  priority: 500,
  mode: 'enforce',
  established: 'recheck',
  subject: { labels: app('a') },
  ingress,
  ...more,
});

const ENDPOINTS = [endpoint('x/a', ['10.0.0.1'], 'a'), endpoint('x/b', ['10.0.0.2'], 'b')];

function world(policies: readonly PolicySpec[], endpoints: readonly EndpointSpec[] = ENDPOINTS): World {
  return {
    ...EMPTY_WORLD,
    endpoints: new Map(endpoints.map((one) => [one.key, one])),
    policies: new Map(policies.map((one) => [one.key, one])),
  };
}

const warnings = (...policies: readonly PolicySpec[]) => {
  const made = world(policies);
  const { relations } = new PolicyCompiler().update(made);
  return policyWarnings(made, made.policies.keys(), relations).map(
    ({ code, message }) => `${code} ${message}`,
  );
};

describe('warnings', () => {
  it('name a policy that selects nothing', () => {
    expect(warnings(policy('Policy/p', [], { subject: { labels: app('z') } }))).toEqual([
      'POLICY_SELECTS_NOTHING policy Policy/p selects no endpoint: nothing comes of it',
    ]);
  });

  it('name a rule whose peers are nobody', () => {
    const rules: PolicyRule[] = [
      { action: 'allow', peers: [{ endpoints: { labels: app('z') } }] },
      { action: 'allow', peers: [{ endpoints: { labels: app('b') } }] },
    ];
    expect(warnings(policy('Policy/p', rules))).toEqual([
      expect.stringContaining('POLICY_PEER_NOBODY policy Policy/p: ingress rule 1 selects no endpoint'),
    ]);
  });

  const deny: PolicyRule = { name: 'all', action: 'deny', ports: [{ protocol: 6, ports: [1, 100] }] };
  const allow: PolicyRule = { action: 'allow', ports: [{ protocol: 6, ports: [80, 80] }] };

  it('name what hides a rule: in the policy, in the tier, in a tier before', () => {
    const admin = { tier: 'admin' } as const;
    expect(warnings(policy('Policy/p', [deny, allow], admin))).toEqual([
      'POLICY_SHADOWED policy Policy/p: ingress rule 2 never decides, as ingress rule 1 (all) of Policy/p matches all of it before',
    ]);
    expect(warnings(policy('Policy/p', [allow]), policy('Policy/q', [deny]))).toEqual([
      expect.stringContaining('Policy/p: ingress rule 1 never decides, as ingress rule 1 (all) of Policy/q'),
    ]);
    expect(warnings(policy('Policy/p', [allow]), policy('Policy/q', [deny], admin))).toEqual([
      expect.stringContaining('POLICY_SHADOWED policy Policy/p'),
    ]);
  });

  it('do not speak of what is only partly hidden, passed on, or said twice', () => {
    const other: PolicyRule = { action: 'allow', ports: [{ protocol: 6, ports: [80, 101] }] };
    expect(warnings(policy('Policy/p', [deny, other], { tier: 'admin' }))).toEqual([]);
    const pass: PolicyRule = { ...deny, action: 'pass' };
    expect(warnings(policy('Policy/p', [allow]), policy('Policy/q', [pass], { tier: 'admin' }))).toEqual([]);
    expect(warnings(policy('Policy/p', [allow]), policy('Policy/q', [allow]))).toEqual([]);
    expect(warnings(policy('Policy/p', [allow]), policy('Policy/q', [deny], { mode: 'audit' }))).toEqual([]);
  });

  it('name policies of one priority', () => {
    const admin = { tier: 'admin' } as const;
    const found = warnings(
      policy('Policy/p', [allow], admin),
      policy('Policy/q', [{ action: 'deny' }], admin),
    );
    expect(found).toEqual([
      expect.stringContaining('POLICY_EQUAL_PRIORITY policy Policy/p has the priority 500 of Policy/q'),
      expect.stringContaining('POLICY_EQUAL_PRIORITY policy Policy/q has the priority 500 of Policy/p'),
    ]);
  });

  const POLICY_OF_A = policy('Policy/p', [{ action: 'allow', peers: [{ endpoints: { labels: app('a') } }] }]);

  it('name endpoints that a rule selects and does not find, or finds together', () => {
    const endpoints = [
      endpoint('x/a', [], 'a'),
      endpoint('x/b', ['10.0.0.2'], 'b'),
      endpoint('x/c', ['10.0.0.2'], 'c'),
    ];
    expect(
      endpointWarnings(
        world([POLICY_OF_A], endpoints),
        endpoints.map(({ key }) => key),
      ).map(({ code, key }) => `${code} ${key}`),
    ).toEqual(['POLICY_NO_ADDRESS x/a', 'POLICY_SAME_ADDRESS x/b', 'POLICY_SAME_ADDRESS x/c']);
  });
});

describe('errors', () => {
  it('name a set that is not declared, and the rule', () => {
    const rule: PolicyRule = { name: 'bad', action: 'deny', peers: [{ cidrSet: 'nowhere' }] };
    expect(policyErrors(world([policy('Policy/p', [rule])]))[0]?.message).toBe(
      'policy Policy/p: ingress rule 1 (bad) names the CidrSet nowhere, which is not declared: declare it, or take it out',
    );
  });
});
