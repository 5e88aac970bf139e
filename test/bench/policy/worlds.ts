// SPDX-License-Identifier: Apache-2.0
// Policies of a size, as documents would make them: one host that is reached by many rules.
import type { EndpointSpec, PolicySpec } from '../../../src/model/policy.ts';
import { prefixesOf } from '../../../src/policy/prefix-text.ts';
import type { PrefixList } from '../../../src/policy/prefixes.ts';
import type { World } from '../../../src/policy/world.ts';

export const HOST = '198.18.0.1';
export const CLIENT = '198.18.0.2';
export const [TCP, UDP] = [6, 17] as const;
export const OPEN_PORT = 8443;

const ENDPOINT: EndpointSpec = {
  key: 'default/node',
  namespace: 'default',
  labels: { role: 'node' },
  side: 'host',
  devices: ['v0'],
  addresses: [HOST],
  ports: [],
};

/** Addresses that a number stands for: 11.0.0.0 to 11.255.255.255, spread. */
export function spread(i: number): number {
  return (0x0b000000 + (Math.imul(i, 2_654_435_761) >>> 8)) >>> 0;
}

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** So many different prefixes all over the address space but for the test networks: /24s to /32s. */
export function prefixes(count: number): PrefixList {
  return prefixesOf(prefixTexts(count));
}

export function prefixTexts(count: number): string[] {
  const seen = new Set<number>();
  const texts: string[] = [];
  for (let i = 0; texts.length < count; i++) {
    const address = Math.imul(i + 1, 2_654_435_761) >>> 0;
    const first = address >>> 24;
    const length = 24 + (i % 9);
    const network = (address & (-1 << (32 - length))) >>> 0;
    if (first === 0 || first >= 224 || first === 127 || first === 198 || first === 10 || first === 11)
      continue;
    if (seen.has(network)) continue;
    seen.add(network);
    texts.push(`${dotted(network)}/${length}`);
  }
  return texts;
}

const subject = { labels: [{ key: 'role', operator: 'In', values: ['node'] }] } as const;

/** Rules, each a policy of its own: who may reach which port. */
function policies(rules: number): Map<string, PolicySpec> {
  const made = new Map<string, PolicySpec>();
  const add = (key: string, more: Partial<PolicySpec>) =>
    made.set(key, {
      key,
      tier: 'application',
      priority: 500,
      mode: 'enforce',
      established: 'recheck',
      subject,
      ...more,
    });
  add('Policy/deny', {
    tier: 'admin',
    priority: 1,
    ingress: [{ action: 'deny', peers: [{ cidrSet: 'denied' }] }],
  });
  add('Policy/open', {
    ingress: [
      {
        action: 'allow',
        peers: [{ cidr: '0.0.0.0/0' }],
        ports: [{ protocol: TCP, ports: [OPEN_PORT, OPEN_PORT] }],
      },
      {
        action: 'allow',
        peers: [{ cidr: '0.0.0.0/0' }],
        ports: [{ protocol: UDP, ports: [OPEN_PORT, OPEN_PORT] }],
      },
    ],
  });
  for (let i = 0; made.size < rules; i++) add(`Policy/rule-${i}`, ruleOf(i));
  return made;
}

/** Rule number `i`, or another version of it. */
export function ruleOf(i: number, version = 0): Partial<PolicySpec> {
  const port = 1024 + (i % 30_000) + version;
  return {
    ingress: [
      {
        action: 'allow',
        peers: [{ cidr: `${dotted(spread(i))}/32` }],
        ports: [{ protocol: i % 2 === 0 ? TCP : UDP, ports: [port, port] }],
      },
    ],
  };
}

export function world(rules: number, denied: PrefixList): World {
  return {
    endpoints: new Map([[ENDPOINT.key, ENDPOINT]]),
    namespaces: new Map(),
    sets: new Map([['denied', denied]]),
    policies: policies(rules),
    management: [],
  };
}
