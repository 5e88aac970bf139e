// SPDX-License-Identifier: Apache-2.0
// The documents between which a node is changed when its power fails. eth0, the way to the node, is in none of the network's;
// policy guards it.
import { network } from '../../helpers/change-client.ts';

export type Side = 'a' | 'b';

/** What is changed by itself: each is on one of two sides. */
export const SUBJECTS = ['network', 'policy'] as const;
export type Subject = (typeof SUBJECTS)[number];
export type Sides = Readonly<Record<Subject, Side>>;

export const EVERY_SIDES: readonly Sides[] = (['a', 'b'] as const).flatMap((one) =>
  (['a', 'b'] as const).map((policy) => ({ network: one, policy })),
);

/** TCP and UDP ports of the node: one is open on each side of the policy, and the last on neither. */
export const PORTS = { a: 8080, b: 8081, closed: 8082 } as const;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** All documents of the node. */
export function documentsOf(sides: Sides): readonly object[] {
  return [...networkOf(sides.network), ...policyOf(sides.policy)];
}

export function subjectOf(subject: Subject, side: Side): readonly object[] {
  return subject === 'network' ? networkOf(side) : policyOf(side);
}

/** Two cables, tunnels, addresses, routes, rules and queues; `b` creates, changes, replaces and removes some of each. */
function networkOf(side: Side): readonly object[] {
  const b = side === 'b';
  const links = [...cable('keep', { mtu: b ? 1400 : 1500 }), ...cable(b ? 'new' : 'gone')];
  const dev = b ? 'new0' : 'gone0';
  return [
    network('drill', {
      links: [
        ...links,
        { name: 'br0', kind: 'bridge', state: 'up', bridge: { forward_delay: b ? 400 : 500 } },
      ],
      addresses: [
        ...range(4).map((i) => ({ dev: 'keep0', address: `10.0.${i}.1/24` })),
        ...range(6).map((i) => ({ dev, address: `10.${b ? 3 : 1}.${i}.1/24` })),
      ],
      routes: range(12).map((i) => ({
        dst: `10.64.${i}.0/24`,
        gateway: `10.0.${i % 4}.${b ? 3 : 2}`,
        dev: 'keep0',
      })),
      rules: range(6).map((i) => ({
        priority: (b ? 1003 : 1000) + i,
        from: `10.2.${b ? i + 3 : i}.0/24`,
        table: (b ? 103 : 100) + i,
      })),
      qdiscs: [
        {
          dev: 'keep0',
          kind: 'tbf',
          tbf: { rate: b ? '80mbit' : '50mbit', burst: '32kb', latency: '50ms' },
        },
        { dev, kind: 'bfifo', bfifo: { limit: b ? '64kb' : '32kb' } },
      ],
    }),
  ];
}

function cable(name: string, more: object = {}) {
  const [near, far] = [`${name}0`, `${name}1`];
  return [
    { name: near, kind: 'veth', state: 'up', inet6_addr_gen_mode: 'none', veth: { peer: far }, ...more },
    { name: far, kind: 'veth', state: 'up', inet6_addr_gen_mode: 'none', veth: { peer_of: near } },
  ];
}

/** What comes in through eth0: one port and ping from anywhere but a set of prefixes, nothing else. */
function policyOf(side: Side): readonly object[] {
  const weir = (kind: string, metadata: object, spec: object) => ({
    apiVersion: 'weir.dev/v1',
    kind,
    metadata,
    spec,
  });
  const node = { matchLabels: { role: 'node' } };
  const port = PORTS[side];
  const blocked = range(2000).map(
    (i) => `10.${side === 'a' ? 100 + (i >> 8) : 150 + (i >> 8)}.${i & 255}.0/24`,
  );
  return [
    weir(
      'Endpoint',
      { name: 'node', namespace: 'drill', labels: { role: 'node' } },
      { side: 'host', devices: ['eth0'] },
    ),
    weir('CidrSet', { name: 'blocked' }, { cidrs: blocked }),
    weir(
      'Policy',
      { name: 'services', namespace: 'drill' },
      {
        endpoints: node,
        ingress: [
          { name: 'blocked', from: [{ cidrSet: 'blocked' }], action: 'deny' },
          { name: 'service', ports: [{ port }, { protocol: 'UDP', port }], action: 'allow' },
          { name: 'ping', ports: [{ protocol: 'ICMP' }], action: 'allow' },
        ],
      },
    ),
  ];
}
