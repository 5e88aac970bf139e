// SPDX-License-Identifier: Apache-2.0
// NetworkPolicy of networking.k8s.io/v1, with the checks and defaults of its API server.
import { type Static, Type } from 'typebox';
import {
  DEFAULT_NAMESPACE,
  type EndpointSelector,
  type PolicyPeer,
  type PolicyRule,
  type PolicySpec,
  type PortMatch,
} from '../../model/policy.ts';
import { present } from '../fields.ts';
import type { Complain } from '../object-class.ts';
import { declaredExcept } from './blocks.ts';
import { SelectorField, selectorOf } from './labels.ts';
import type { Whole } from './metadata.ts';
import { PROTOCOLS, rangeOf } from './ports.ts';

const closed = { additionalProperties: false };

const IpBlock = Type.Object(
  {
    cidr: Type.String({ description: 'Block of addresses' }),
    except: Type.Optional(
      Type.Array(Type.String(), { description: 'Smaller blocks that it does not include' }),
    ),
  },
  { ...closed, description: 'Addresses' },
);

const Peer = Type.Object(
  {
    podSelector: Type.Optional(SelectorField),
    namespaceSelector: Type.Optional(SelectorField),
    ipBlock: Type.Optional(IpBlock),
  },
  {
    ...closed,
    description: 'Endpoints by labels, of the own namespace unless namespaces are selected; or addresses',
  },
);

const Port = Type.Object(
  {
    protocol: Type.Optional(Type.Enum(['TCP', 'UDP', 'SCTP'], { description: 'Protocol', default: 'TCP' })),
    port: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 65535 }), Type.String()], {
        description: 'Destination port by number or name; absent: every one of the protocol',
      }),
    ),
    endPort: Type.Optional(Type.Integer({ description: 'Last port of a range', minimum: 1, maximum: 65535 })),
  },
  { ...closed, description: 'A protocol with its ports' },
);

const rule = (side: 'from' | 'to') =>
  Type.Object(
    {
      [side]: Type.Optional(Type.Array(Peer, { description: 'Peers; absent or empty: everybody' })),
      ports: Type.Optional(Type.Array(Port, { description: 'Ports; absent or empty: everything' })),
    },
    { ...closed, description: 'What is allowed' },
  );

/** The `spec` of a NetworkPolicy. */
export const NetworkPolicyField = Type.Object(
  {
    podSelector: Type.Optional(SelectorField),
    policyTypes: Type.Optional(
      Type.Array(Type.Enum(['Ingress', 'Egress']), {
        description: 'Directions that it isolates; absent: Ingress, and Egress if there are egress rules',
        maxItems: 2,
      }),
    ),
    ingress: Type.Optional(Type.Array(rule('from'), { description: 'What may come in' })),
    egress: Type.Optional(Type.Array(rule('to'), { description: 'What may go out' })),
  },
  { ...closed, description: 'Isolates endpoints of its namespace and says what is allowed all the same' },
);

type NetworkPolicyValue = Static<typeof NetworkPolicyField>;
type PeerValue = Static<typeof Peer>;
interface RuleValue {
  readonly from?: readonly PeerValue[];
  readonly to?: readonly PeerValue[];
  readonly ports?: readonly Static<typeof Port>[];
}

/** The node on which an endpoint lives reaches it whatever is isolated. */
const NODE: PolicyRule = { name: 'node', action: 'allow', peers: [{ endpoints: { side: 'host' } }] };

/** The policy of a NetworkPolicy document. */
export function networkPolicy({ metadata, spec }: Whole<NetworkPolicyValue>, complain: Complain): PolicySpec {
  const { name, namespace = DEFAULT_NAMESPACE } = metadata;
  const { podSelector = {}, policyTypes = [], ingress = [], egress = [] } = spec;
  // an empty list of types or of rules is as good as none there
  const types =
    policyTypes.length > 0 ? policyTypes : egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  const rules = (direction: 'ingress' | 'egress', values: readonly RuleValue[]) =>
    values.map((one, i) => ruleOf(one, namespace, `spec.${direction}.${i}`, complain));
  const [incoming, outgoing] = [rules('ingress', ingress), rules('egress', egress)];
  return present({
    key: `NetworkPolicy/${namespace}/${name}`,
    tier: 'application',
    priority: 1000,
    mode: 'enforce',
    established: 'recheck',
    subject: {
      namespace,
      labels: selectorOf(podSelector, 'spec.podSelector', complain),
      side: 'workload',
    },
    ingress: types.includes('Ingress') ? [...incoming, NODE] : undefined,
    egress: types.includes('Egress') ? outgoing : undefined,
  }) as unknown as PolicySpec;
}

function ruleOf(
  { from, to, ports = [] }: RuleValue,
  namespace: string,
  path: string,
  complain: Complain,
): PolicyRule {
  const side = from === undefined ? 'to' : 'from';
  const peers = from ?? to ?? [];
  const found = peers.flatMap((one, i) => peerOf(one, namespace, `${path}.${side}.${i}`, complain));
  const matches = ports.map((one, i) => portOf(one, `${path}.ports.${i}`, complain));
  return {
    action: 'allow',
    ...(peers.length > 0 && { peers: found }),
    ...(ports.length > 0 && { ports: matches }),
  };
}

function peerOf(
  { podSelector, namespaceSelector, ipBlock }: PeerValue,
  namespace: string,
  path: string,
  complain: Complain,
): readonly PolicyPeer[] {
  if (ipBlock !== undefined) {
    if ((podSelector ?? namespaceSelector) !== undefined)
      complain(`${path}.ipBlock`, 'cannot stand beside selectors: write two entries');
    const block = { path: `${path}.ipBlock.cidr`, text: ipBlock.cidr, bare: false };
    const found = declaredExcept(block, ipBlock.except, `${path}.ipBlock.except`, complain);
    return found === undefined ? [] : [found];
  }
  if (podSelector === undefined && namespaceSelector === undefined) {
    complain(path, 'names nobody: give podSelector, namespaceSelector or ipBlock');
    return [];
  }
  const spaces =
    namespaceSelector === undefined
      ? { namespace }
      : { namespaces: selectorOf(namespaceSelector, `${path}.namespaceSelector`, complain) };
  const labels = podSelector && { labels: selectorOf(podSelector, `${path}.podSelector`, complain) };
  const endpoints: EndpointSelector = { ...spaces, ...labels, side: 'workload' };
  return [{ endpoints }];
}

function portOf(
  { protocol = 'TCP', port, endPort }: Static<typeof Port>,
  path: string,
  complain: Complain,
): PortMatch {
  return { protocol: PROTOCOLS[protocol], ...rangeOf(port, endPort, path, complain) };
}
