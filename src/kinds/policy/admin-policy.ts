// SPDX-License-Identifier: Apache-2.0
// AdminNetworkPolicy and BaselineAdminNetworkPolicy of policy.networking.k8s.io/v1alpha1, which ClusterNetworkPolicy follows.
import { type Static, type TSchema, Type } from 'typebox';
import type { PolicyRule, PolicySpec, PolicyTier, PortMatch } from '../../model/policy.ts';
import type { Complain } from '../object-class.ts';
import {
  type ClusterPeerValue,
  clusterPeer,
  type SubjectValue,
  subjectOf,
  V1ALPHA1,
} from './cluster-peers.ts';
import type { Whole } from './metadata.ts';
import { PROTOCOLS, portNameProblem } from './ports.ts';

const closed = { additionalProperties: false };

const Protocol = Type.Enum(['TCP', 'UDP', 'SCTP'], { description: 'Protocol' });
const PortNumber = Type.Integer({ minimum: 1, maximum: 65535 });

const Port = Type.Object(
  {
    portNumber: Type.Optional(
      Type.Object({ protocol: Protocol, port: PortNumber }, { ...closed, description: 'One port' }),
    ),
    namedPort: Type.Optional(
      Type.String({ description: 'A port by the name that the destination gives it' }),
    ),
    portRange: Type.Optional(
      Type.Object(
        { protocol: Type.Optional(Protocol), start: PortNumber, end: PortNumber },
        { ...closed, description: 'First and last port of a range; of TCP without a protocol' },
      ),
    ),
  },
  { ...closed, minProperties: 1, maxProperties: 1, description: 'One of these' },
);

function ruleSchema(side: 'from' | 'to', peer: TSchema, actions: string[]) {
  return Type.Object(
    {
      name: Type.Optional(Type.String({ description: 'Name', maxLength: 100 })),
      action: Type.Enum(actions, { description: 'What becomes of the traffic' }),
      [side]: Type.Array(peer, { description: 'Peers', minItems: 1, maxItems: 100 }),
      ports: Type.Optional(
        Type.Array(Port, { description: 'Ports; absent: everything', minItems: 1, maxItems: 100 }),
      ),
    },
    { ...closed, description: 'A rule' },
  );
}

const rules = (actions: string[]) => ({
  subject: V1ALPHA1.Subject,
  ingress: Type.Optional(
    Type.Array(ruleSchema('from', V1ALPHA1.IngressPeer, actions), {
      description: 'Rules for what comes in',
      maxItems: 100,
    }),
  ),
  egress: Type.Optional(
    Type.Array(ruleSchema('to', V1ALPHA1.EgressPeer, actions), {
      description: 'Rules for what goes out',
      maxItems: 100,
    }),
  ),
});

/** The `spec` of an AdminNetworkPolicy. */
export const AdminPolicyField = Type.Object(
  {
    priority: Type.Integer({ description: 'Lower numbers first', minimum: 0, maximum: 1000 }),
    ...rules(['Allow', 'Deny', 'Pass']),
  },
  { ...closed, description: 'Taken for a ClusterNetworkPolicy of the tier Admin' },
);

/** The `spec` of a BaselineAdminNetworkPolicy. */
export const BaselinePolicyField = Type.Object(rules(['Allow', 'Deny']), {
  ...closed,
  description: 'Taken for a ClusterNetworkPolicy of the tier Baseline, behind all others of the tier',
});

interface RuleValue {
  readonly name?: string;
  readonly action: 'Allow' | 'Deny' | 'Pass';
  readonly from?: readonly ClusterPeerValue[];
  readonly to?: readonly ClusterPeerValue[];
  readonly ports?: readonly Static<typeof Port>[];
}

interface AdminValue {
  readonly priority?: number;
  readonly subject: SubjectValue;
  readonly ingress?: readonly RuleValue[];
  readonly egress?: readonly RuleValue[];
}

const LAST = 1000;

/** The policy of an AdminNetworkPolicy document. */
export function adminPolicy(document: Whole<AdminValue>, complain: Complain): PolicySpec {
  return policyOf('AdminNetworkPolicy', 'admin', document, complain);
}

/** The policy of a BaselineAdminNetworkPolicy document. */
export function baselinePolicy(document: Whole<AdminValue>, complain: Complain): PolicySpec {
  // there is one in a cluster, and it has this name
  if (document.metadata.name !== 'default') complain('metadata.name', 'must be default');
  return policyOf('BaselineAdminNetworkPolicy', 'baseline', document, complain);
}

function policyOf(
  kind: string,
  tier: PolicyTier,
  { metadata, spec }: Whole<AdminValue>,
  complain: Complain,
): PolicySpec {
  const list = (direction: 'ingress' | 'egress') =>
    (spec[direction] ?? []).map((one, i) => ruleOf(one, `spec.${direction}.${i}`, complain));
  const [ingress, egress] = [list('ingress'), list('egress')];
  return {
    key: `${kind}/${metadata.name}`,
    tier,
    priority: spec.priority ?? LAST,
    mode: 'enforce',
    established: 'recheck',
    subject: subjectOf(spec.subject, 'spec.subject', complain),
    ...(ingress.length > 0 && { ingress }),
    ...(egress.length > 0 && { egress }),
  };
}

function ruleOf({ name, action, from, to, ports }: RuleValue, path: string, complain: Complain): PolicyRule {
  const side = from === undefined ? 'to' : 'from';
  const isNamed = ports?.some(({ namedPort }) => namedPort !== undefined);
  if (isNamed && to?.some(({ networks, nodes }) => (networks ?? nodes) !== undefined))
    complain(`${path}.ports`, 'names a port, which networks and nodes do not have: write a rule for each');
  return {
    ...(name !== undefined && name !== '' && { name }),
    action: action === 'Allow' ? 'allow' : action === 'Deny' ? 'deny' : 'pass',
    peers: (from ?? to ?? []).flatMap((one, i) => clusterPeer(one, `${path}.${side}.${i}`, complain)),
    ...(ports && { ports: ports.map((one, i) => portOf(one, `${path}.ports.${i}`, complain)) }),
  };
}

function portOf(
  { portNumber, namedPort, portRange }: Static<typeof Port>,
  path: string,
  complain: Complain,
): PortMatch {
  if (portNumber !== undefined)
    return { protocol: PROTOCOLS[portNumber.protocol], ports: [portNumber.port, portNumber.port] };
  if (portRange !== undefined) {
    const { protocol = 'TCP', start, end } = portRange;
    if (start >= end) complain(`${path}.portRange`, 'the start must be less than the end');
    return { protocol: PROTOCOLS[protocol], ports: [start, end] };
  }
  const problem = portNameProblem(namedPort ?? '');
  if (problem !== undefined) complain(`${path}.namedPort`, problem);
  return { name: namedPort ?? '' };
}
