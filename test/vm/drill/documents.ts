// SPDX-License-Identifier: Apache-2.0
// Two documents between which a node is changed when its power fails. eth0, the way to the node, is in neither.
import { network } from '../../helpers/change-client.ts';

export type Side = 'a' | 'b';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Two cables, tunnels, addresses, routes, rules and queues; `b` creates, changes, replaces and removes some of each. */
export function documentsOf(side: Side): readonly object[] {
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
