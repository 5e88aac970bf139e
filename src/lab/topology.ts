// SPDX-License-Identifier: Apache-2.0

/** One end of a cable: a device in a node's namespace. */
export interface CableEnd {
  readonly node: string;
  readonly ifname: string;
}

/** A machine of the lab, played by a network namespace. */
export interface LabNode {
  readonly name: string;
  /** What it stands for. */
  readonly role: string;
  /** A bridge with these devices as its ports. */
  readonly bridge?: { readonly ifname: string; readonly ports: readonly string[] };
  /** Addresses with prefix length, by device. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  /** Without `to` the default route. */
  readonly routes: readonly { readonly to?: string; readonly via: string }[];
  /** Sysctls of the namespace, as paths below /proc/sys. */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** A pair of veth devices. */
export type Cable = readonly [CableEnd, CableEnd];

/** All of a lab. */
export interface Topology {
  readonly nodes: readonly LabNode[];
  readonly cables: readonly Cable[];
  /** How to draw it. */
  readonly picture: string;
}

const FORWARD = { 'net/ipv4/ip_forward': '1', 'net/ipv6/conf/all/forwarding': '1' } as const;

/**
 * A small edge site: a gateway with an upstream on one side, a client's network on another and two edge nodes on a
 * bridge. Addresses are of the ranges for documentation (RFC 5737, RFC 3849) and private ones (RFC 1918).
 */
export const EDGE_SITE: Topology = {
  nodes: [
    {
      name: 'gateway',
      role: 'router between all networks',
      bridge: { ifname: 'br0', ports: ['port1', 'port2'] },
      addresses: {
        wan0: ['203.0.113.2/24', '2001:db8:113::2/64'],
        lan0: ['192.0.2.1/24', '2001:db8:2::1/64'],
        br0: ['10.77.0.1/24', '2001:db8:77::1/64'],
      },
      routes: [{ via: '203.0.113.1' }, { via: '2001:db8:113::1' }],
      sysctls: FORWARD,
    },
    {
      name: 'upstream',
      role: 'the provider, with a service on its loopback',
      addresses: {
        lo: ['198.51.100.1/32', '2001:db8:51::1/128'],
        eth0: ['203.0.113.1/24', '2001:db8:113::1/64'],
      },
      routes: [
        { to: '192.0.2.0/24', via: '203.0.113.2' },
        { to: '10.77.0.0/24', via: '203.0.113.2' },
        { to: '2001:db8:2::/64', via: '2001:db8:113::2' },
        { to: '2001:db8:77::/64', via: '2001:db8:113::2' },
      ],
      sysctls: FORWARD,
    },
    {
      name: 'client',
      role: 'a machine of a user',
      addresses: { eth0: ['192.0.2.10/24', '2001:db8:2::10/64'] },
      routes: [{ via: '192.0.2.1' }, { via: '2001:db8:2::1' }],
      sysctls: {},
    },
    {
      name: 'edge1',
      role: 'first edge node',
      addresses: { eth0: ['10.77.0.11/24', '2001:db8:77::11/64'] },
      routes: [{ via: '10.77.0.1' }, { via: '2001:db8:77::1' }],
      sysctls: {},
    },
    {
      name: 'edge2',
      role: 'second edge node',
      addresses: { eth0: ['10.77.0.12/24', '2001:db8:77::12/64'] },
      routes: [{ via: '10.77.0.1' }, { via: '2001:db8:77::1' }],
      sysctls: {},
    },
  ],
  cables: [
    [
      { node: 'gateway', ifname: 'wan0' },
      { node: 'upstream', ifname: 'eth0' },
    ],
    [
      { node: 'gateway', ifname: 'lan0' },
      { node: 'client', ifname: 'eth0' },
    ],
    [
      { node: 'gateway', ifname: 'port1' },
      { node: 'edge1', ifname: 'eth0' },
    ],
    [
      { node: 'gateway', ifname: 'port2' },
      { node: 'edge2', ifname: 'eth0' },
    ],
  ],
  picture: `\
                      +--------------------------+
                      | upstream                 |
                      | lo   198.51.100.1/32     |
                      |      2001:db8:51::1/128  |
                      | eth0 203.0.113.1/24      |
                      |      2001:db8:113::1/64  |
                      +------------+-------------+
                                   |
 +---------------------+  +--------+-----------------+
 | client              |  | gateway                  |
 | eth0 192.0.2.10/24  |  | wan0 203.0.113.2/24      |
 |   2001:db8:2::10/64 |  |      2001:db8:113::2/64  |
 |                     +--+ lan0 192.0.2.1/24        |
 +---------------------+  |      2001:db8:2::1/64    |
                          | br0  10.77.0.1/24        |
                          |      2001:db8:77::1/64   |
                          +--+ port1 ------ port2 +--+
                             |                    |
          +------------------+---+      +---------+------------+
          | edge1                |      | edge2                |
          | eth0 10.77.0.11/24   |      | eth0 10.77.0.12/24   |
          |   2001:db8:77::11/64 |      |   2001:db8:77::12/64 |
          +----------------------+      +----------------------+
`,
};
