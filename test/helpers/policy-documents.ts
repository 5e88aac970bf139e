// SPDX-License-Identifier: Apache-2.0
// One document of each kind about network policy, with every field that there is.

const SELECTOR = {
  matchLabels: { app: 'web' },
  matchExpressions: [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'old', operator: 'DoesNotExist' },
  ],
};

const POD = { pods: { namespaceSelector: SELECTOR, podSelector: SELECTOR } };
const NAMESPACES = { namespaces: SELECTOR };

const RANGE = { destinationPort: { range: { start: 1, end: 9 } } };

const CLUSTER_RULE = {
  name: 'r',
  action: 'Deny',
  protocols: [
    { tcp: { destinationPort: { number: 80 } } },
    { udp: RANGE },
    { sctp: RANGE },
    { destinationNamedPort: 'web' },
  ],
};

const ADMIN_RULE = {
  name: 'r',
  action: 'Deny',
  ports: [
    { portNumber: { protocol: 'TCP', port: 80 } },
    { portRange: { protocol: 'UDP', start: 1, end: 9 } },
    { namedPort: 'web' },
  ],
};

const EGRESS_PEERS = [POD, NAMESPACES, { nodes: SELECTOR }, { networks: ['10.0.0.0/8', 'fd00::/8'] }];

const PORTS = [
  { protocol: 'TCP', port: 80, endPort: 90, tcpFlags: { set: ['SYN'], clear: ['ACK'] } },
  { protocol: 'UDP', port: 'web' },
  { protocol: 'ICMP', type: 8, code: 0 },
];

/** Of both directions. */
const RULE = {
  name: 'r',
  ports: PORTS,
  action: 'allow',
  limit: { packets: 10, burst: 20, per: 'source' },
  mark: 7,
  log: { sample: 10 },
};

const PEERS = [
  { endpoints: SELECTOR, namespaces: SELECTOR, side: 'workload' },
  { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] },
  { cidrSet: 'bad' },
];

const weir = 'weir.dev/v1';
const cluster = 'policy.networking.k8s.io';

export const FULL = [
  {
    apiVersion: weir,
    kind: 'Endpoint',
    metadata: { name: 'a', namespace: 'x', labels: { app: 'web' }, description: 'first' },
    spec: {
      devices: ['veth-a', 'tap*'],
      netns: 'blue',
      side: 'workload',
      addresses: ['10.0.0.1', 'fd00::1'],
      ports: [{ name: 'web', protocol: 'TCP', port: 80 }],
    },
  },
  {
    apiVersion: weir,
    kind: 'CidrSet',
    metadata: { name: 'bad', description: 'bad ones' },
    spec: { cidrs: ['10.0.0.0/8', 'fd00::/8'] },
  },
  {
    apiVersion: weir,
    kind: 'CidrSet',
    metadata: { name: 'file', description: 'bad ones' },
    spec: { file: '/etc/bad' },
  },
  {
    apiVersion: weir,
    kind: 'Policy',
    metadata: { name: 'p', description: 'edge' },
    spec: {
      endpoints: SELECTOR,
      namespaces: SELECTOR,
      side: 'host',
      tier: 'admin',
      priority: 10,
      mode: 'audit',
      established: 'keep',
      ingress: [{ ...RULE, from: PEERS }],
      egress: [{ ...RULE, to: PEERS, limit: { bytes: 1000 } }],
    },
  },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', labels: { team: 'x' } }, spec: {} },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'x', labels: { app: 'web' } },
    spec: {
      podSelector: SELECTOR,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [
            { podSelector: SELECTOR, namespaceSelector: SELECTOR },
            { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
          ],
          ports: [{ protocol: 'TCP', port: 80, endPort: 90 }],
        },
      ],
      egress: [
        {
          to: [{ namespaceSelector: SELECTOR }, { podSelector: SELECTOR }],
          ports: [{ protocol: 'UDP', port: 'dns' }],
        },
      ],
    },
  },
  {
    apiVersion: `${cluster}/v1alpha2`,
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'p' },
    spec: {
      tier: 'Admin',
      priority: 10,
      subject: POD,
      ingress: [{ ...CLUSTER_RULE, from: [POD, NAMESPACES] }],
      egress: [{ ...CLUSTER_RULE, protocols: CLUSTER_RULE.protocols.slice(0, 3), to: EGRESS_PEERS }],
    },
  },
  {
    apiVersion: `${cluster}/v1alpha1`,
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'p' },
    spec: {
      priority: 10,
      subject: NAMESPACES,
      ingress: [{ ...ADMIN_RULE, from: [POD, NAMESPACES] }],
      egress: [{ ...ADMIN_RULE, ports: ADMIN_RULE.ports.slice(0, 2), to: EGRESS_PEERS }],
    },
  },
  {
    apiVersion: `${cluster}/v1alpha1`,
    kind: 'BaselineAdminNetworkPolicy',
    metadata: { name: 'default' },
    spec: {
      subject: POD,
      ingress: [{ ...ADMIN_RULE, from: [POD, NAMESPACES] }],
      egress: [{ ...ADMIN_RULE, ports: ADMIN_RULE.ports.slice(0, 2), to: EGRESS_PEERS }],
    },
  },
] as const;
