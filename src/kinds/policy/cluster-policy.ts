// SPDX-License-Identifier: Apache-2.0
// ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2. Its experimental parts are understood but for domain names.
import { type Static, type TSchema, Type } from 'typebox';
import type { PolicyAction, PolicyPeer, PolicyRule, PolicySpec, PortMatch } from '../../model/policy.ts';
import type { Complain } from '../object-class.ts';
import { type ClusterPeerValue, clusterPeer, subjectOf, V1ALPHA2 } from './cluster-peers.ts';
import type { Whole } from './metadata.ts';
import { PROTOCOLS, portNameProblem } from './ports.ts';

const closed = { additionalProperties: false };

const PortNumber = Type.Integer({ minimum: 1, maximum: 65535 });

const Transport = Type.Object(
  {
    destinationPort: Type.Object(
      {
        number: Type.Optional(Type.Integer({ description: 'One port', minimum: 1, maximum: 65535 })),
        range: Type.Optional(
          Type.Object(
            { start: PortNumber, end: PortNumber },
            { ...closed, description: 'First and last port of a range' },
          ),
        ),
      },
      { ...closed, minProperties: 1, maxProperties: 1, description: 'A port or a range' },
    ),
  },
  { ...closed, description: 'Its destination ports' },
);

const Protocol = Type.Object(
  {
    tcp: Type.Optional(Transport),
    udp: Type.Optional(Transport),
    sctp: Type.Optional(Transport),
    destinationNamedPort: Type.Optional(
      Type.String({ description: 'A port by the name that the destination gives it' }),
    ),
  },
  { ...closed, minProperties: 1, maxProperties: 1, description: 'One of these' },
);

function ruleSchema(side: 'from' | 'to', peer: TSchema) {
  return Type.Object(
    {
      name: Type.Optional(Type.String({ description: 'Name', maxLength: 100 })),
      action: Type.Enum(['Accept', 'Deny', 'Pass'], { description: 'What becomes of the traffic' }),
      [side]: Type.Array(peer, { description: 'Peers', minItems: 1, maxItems: 25 }),
      protocols: Type.Optional(
        Type.Array(Protocol, { description: 'Ports; absent: everything', minItems: 1, maxItems: 25 }),
      ),
    },
    { ...closed, description: 'A rule' },
  );
}

/** The `spec` of a ClusterNetworkPolicy. */
export const ClusterPolicyField = Type.Object(
  {
    tier: Type.Enum(['Admin', 'Baseline'], { description: 'Before or after NetworkPolicies' }),
    priority: Type.Integer({
      description: 'Within the tier, lower numbers first; policies of one priority by their names',
      minimum: 0,
      maximum: 1000,
    }),
    subject: V1ALPHA2.Subject,
    ingress: Type.Optional(
      Type.Array(ruleSchema('from', V1ALPHA2.IngressPeer), {
        description: 'Rules for what comes in',
        maxItems: 25,
      }),
    ),
    egress: Type.Optional(
      Type.Array(ruleSchema('to', V1ALPHA2.EgressPeer), {
        description: 'Rules for what goes out',
        maxItems: 25,
      }),
    ),
  },
  {
    ...closed,
    description: 'Rules that come before or after those of NetworkPolicies; the first that fits decides',
  },
);

type ClusterPolicyValue = Static<typeof ClusterPolicyField>;

interface RuleValue {
  readonly name?: string;
  readonly action: 'Accept' | 'Deny' | 'Pass';
  readonly from?: readonly ClusterPeerValue[];
  readonly to?: readonly ClusterPeerValue[];
  readonly protocols?: readonly Static<typeof Protocol>[];
}

const ACTIONS: Readonly<Record<RuleValue['action'], PolicyAction>> = {
  Accept: 'allow',
  Deny: 'deny',
  Pass: 'pass',
};

/** The policy of a ClusterNetworkPolicy document. */
export function clusterPolicy({ metadata, spec }: Whole<ClusterPolicyValue>, complain: Complain): PolicySpec {
  const rules = (direction: 'ingress' | 'egress') =>
    ((spec[direction] ?? []) as unknown as readonly RuleValue[]).map((one, i) =>
      ruleOf(one, `spec.${direction}.${i}`, complain),
    );
  const [ingress, egress] = [rules('ingress'), rules('egress')];
  return {
    key: `ClusterNetworkPolicy/${metadata.name}`,
    tier: spec.tier === 'Admin' ? 'admin' : 'baseline',
    priority: spec.priority,
    mode: 'enforce',
    established: 'recheck',
    subject: subjectOf(spec.subject, 'spec.subject', complain),
    ...(ingress.length > 0 && { ingress }),
    ...(egress.length > 0 && { egress }),
  };
}

function ruleOf(
  { name, action, from, to, protocols }: RuleValue,
  path: string,
  complain: Complain,
): PolicyRule {
  const side = from === undefined ? 'to' : 'from';
  const peers = (from ?? to ?? []).flatMap((one, i): readonly PolicyPeer[] =>
    clusterPeer(one, `${path}.${side}.${i}`, complain),
  );
  const isNamed = protocols?.some(({ destinationNamedPort }) => destinationNamedPort !== undefined);
  if (isNamed && to?.some(({ networks, nodes }) => (networks ?? nodes) !== undefined))
    complain(
      `${path}.protocols`,
      'names a port, which networks and nodes do not have: write a rule for each',
    );
  return {
    ...(name !== undefined && name !== '' && { name }),
    action: ACTIONS[action],
    peers,
    ...(protocols && { ports: protocols.map((one, i) => portOf(one, `${path}.protocols.${i}`, complain)) }),
  };
}

function portOf(
  { tcp, udp, sctp, destinationNamedPort: named }: Static<typeof Protocol>,
  path: string,
  complain: Complain,
): PortMatch {
  if (named !== undefined) {
    const problem = portNameProblem(named);
    if (problem !== undefined) complain(`${path}.destinationNamedPort`, problem);
    return { name: named };
  }
  const protocol = tcp !== undefined ? 'TCP' : udp !== undefined ? 'UDP' : 'SCTP';
  const { number, range } = (tcp ?? udp ?? sctp)?.destinationPort ?? {};
  const { start, end } = range ?? { start: number ?? 0, end: number ?? 0 };
  if (range !== undefined && start >= end)
    complain(
      `${path}.${protocol.toLowerCase()}.destinationPort.range`,
      'the start must be less than the end',
    );
  return { protocol: PROTOCOLS[protocol], ports: [start, end] };
}
