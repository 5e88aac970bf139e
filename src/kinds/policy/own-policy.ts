// SPDX-License-Identifier: Apache-2.0
// Policy: Weir's own document of rules.
import { type Static, Type } from 'typebox';
import type {
  EndpointSelector,
  PolicyAction,
  PolicyLimit,
  PolicyPeer,
  PolicyRule,
  PolicySpec,
  PolicyTier,
} from '../../model/policy.ts';
import { present } from '../fields.ts';
import type { Complain } from '../object-class.ts';
import { declaredExcept } from './blocks.ts';
import { SelectorField, selectorOf } from './labels.ts';
import type { Whole } from './metadata.ts';
import { PortField, portOf } from './ports.ts';

const closed = { additionalProperties: false };

const SideField = Type.Optional(
  Type.Enum(['workload', 'host'], { description: 'Only endpoints of this side; absent: of both' }),
);

const Peer = Type.Object(
  {
    endpoints: Type.Optional(SelectorField),
    namespaces: Type.Optional(SelectorField),
    side: SideField,
    cidr: Type.Optional(Type.String({ description: 'Block of addresses, or one address' })),
    except: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Smaller blocks that `cidr` shall not include',
        maxItems: 1024,
      }),
    ),
    cidrSet: Type.Optional(Type.String({ description: 'Name of a CidrSet document', minLength: 1 })),
  },
  {
    ...closed,
    minProperties: 1,
    description: 'Endpoints by their labels and those of their namespace, a block of addresses, or a CidrSet',
  },
);

const Limit = Type.Object(
  {
    packets: Type.Optional(
      Type.Integer({ description: 'Packets per second', minimum: 1, maximum: 0xffff_ffff }),
    ),
    bytes: Type.Optional(Type.Integer({ description: 'Bytes per second', minimum: 1, maximum: 0xffff_ffff })),
    burst: Type.Optional(
      Type.Integer({
        description: 'Packets or bytes at once; the rate of a second, and 65,536 bytes at least, when absent',
        minimum: 1,
        maximum: 0xffff_ffff,
      }),
    ),
    per: Type.Optional(
      Type.Enum(['rule', 'source'], {
        description: 'One measure for the rule, or one for each source address',
        default: 'rule',
      }),
    ),
  },
  { ...closed, description: 'What exceeds it is dropped' },
);

const Log = Type.Object(
  {
    sample: Type.Optional(
      Type.Integer({ description: 'One decision in so many', minimum: 1, maximum: 0xffff_ffff, default: 1 }),
    ),
  },
  { ...closed, description: 'Decisions go to the flow log' },
);

const rule = (side: 'from' | 'to') =>
  Type.Object(
    {
      name: Type.Optional(
        Type.String({ description: 'Name; its counters go by it', minLength: 1, maxLength: 100 }),
      ),
      [side]: Type.Optional(
        Type.Array(Peer, { description: 'Peers; absent: everybody', minItems: 1, maxItems: 1024 }),
      ),
      ports: Type.Optional(
        Type.Array(PortField, {
          description: 'Protocols and ports; absent: all',
          minItems: 1,
          maxItems: 1024,
        }),
      ),
      action: Type.Optional(
        Type.Enum(['allow', 'deny', 'reject', 'pass'], {
          description: 'reject answers (RST, ICMP); pass goes on with the next tier, from admin and baseline',
          default: 'allow',
        }),
      ),
      limit: Type.Optional(Limit),
      mark: Type.Optional(
        Type.Integer({ description: 'Mark of the packets that it allows', minimum: 1, maximum: 0xffff_ffff }),
      ),
      log: Type.Optional(Log),
    },
    { ...closed, description: 'A rule' },
  );

/** The `spec` of a Policy document. */
export const PolicyField = Type.Object(
  {
    endpoints: SelectorField,
    namespaces: Type.Optional(SelectorField),
    side: SideField,
    tier: Type.Optional(
      Type.Enum(['admin', 'application', 'baseline'], {
        description: 'Where it stands in the order of tiers',
        default: 'application',
      }),
    ),
    priority: Type.Optional(
      Type.Integer({
        description: 'Within the tier, lower numbers first; policies of one priority by their names',
        minimum: 0,
        maximum: 1000,
        default: 500,
      }),
    ),
    mode: Type.Optional(
      Type.Enum(['enforce', 'audit'], {
        description: 'audit: count and log what it would do, and do nothing',
        default: 'enforce',
      }),
    ),
    established: Type.Optional(
      Type.Enum(['recheck', 'keep'], {
        description: 'Connections that exist when rules change: judged anew, or kept',
        default: 'recheck',
      }),
    ),
    ingress: Type.Optional(
      Type.Array(rule('from'), { description: 'Rules for what comes in', maxItems: 4096 }),
    ),
    egress: Type.Optional(Type.Array(rule('to'), { description: 'Rules for what goes out', maxItems: 4096 })),
  },
  { ...closed, description: 'Rules for the endpoints that `endpoints` and `namespaces` select' },
);

type PolicyValue = Static<typeof PolicyField>;
type PeerValue = Static<typeof Peer>;
type LimitValue = Static<typeof Limit>;

/** Of both directions: `from` and `to` exclude each other. */
interface RuleValue {
  readonly name?: string;
  readonly from?: readonly PeerValue[];
  readonly to?: readonly PeerValue[];
  readonly ports?: readonly Static<typeof PortField>[];
  readonly action?: PolicyAction;
  readonly limit?: LimitValue;
  readonly mark?: number;
  readonly log?: Static<typeof Log>;
}

/** The policy of a Policy document. */
export function ownPolicy({ metadata, spec }: Whole<PolicyValue>, complain: Complain): PolicySpec {
  const { name, namespace } = metadata;
  const { tier = 'application', priority = 500, mode = 'enforce', established = 'recheck' } = spec;
  if (namespace !== undefined && spec.namespaces !== undefined)
    complain('spec.namespaces', `the policy is of the namespace ${namespace}: leave out one of the two`);
  if (spec.ingress === undefined && spec.egress === undefined)
    complain('spec', 'has neither "ingress" nor "egress": an empty list isolates the endpoints');
  const context = { namespace, tier, complain };
  const rules = (direction: 'ingress' | 'egress') =>
    (spec[direction] as readonly RuleValue[] | undefined)?.map((one, i) =>
      ruleOf(one, `spec.${direction}.${i}`, context),
    );
  return present({
    key: `Policy/${namespace === undefined ? '' : `${namespace}/`}${name}`,
    tier,
    priority,
    mode,
    established,
    subject: endpointsOf(spec, 'spec', context),
    ingress: rules('ingress'),
    egress: rules('egress'),
  }) as unknown as PolicySpec;
}

interface Context {
  readonly namespace: string | undefined;
  readonly tier: PolicyTier;
  readonly complain: Complain;
}

function ruleOf(value: RuleValue, path: string, context: Context): PolicyRule {
  const { name, action = 'allow', limit, mark, log, ports, from, to } = value;
  const { complain, tier } = context;
  if (action === 'pass' && tier === 'application')
    complain(`${path}.action`, 'pass belongs to the tiers admin and baseline: leave the rule out');
  if (action !== 'allow' && limit !== undefined)
    complain(`${path}.limit`, `limits what a rule allows: a rule that says ${action} has none`);
  if (action !== 'allow' && mark !== undefined)
    complain(`${path}.mark`, `marks what a rule allows: a rule that says ${action} has none`);
  const peers = from ?? to;
  const side = from === undefined ? 'to' : 'from';
  return present({
    name,
    action,
    peers: peers?.flatMap((one, i) => peerOf(one, `${path}.${side}.${i}`, context)),
    ports: ports?.map((one, i) => portOf(one, `${path}.ports.${i}`, complain)),
    limit: limit && limitOf(limit, `${path}.limit`, complain),
    mark,
    log: log && (log.sample ?? 1),
  }) as unknown as PolicyRule;
}

function peerOf(value: PeerValue, path: string, context: Context): readonly PolicyPeer[] {
  const { endpoints, namespaces, side, cidr, except, cidrSet } = value;
  const { complain } = context;
  const ways = [endpoints ?? namespaces ?? side, cidr, cidrSet].filter((one) => one !== undefined);
  if (ways.length > 1) complain(path, 'must be endpoints, a cidr or a cidrSet: write several entries');
  if (except !== undefined && cidr === undefined)
    complain(`${path}.except`, 'needs the "cidr" that it belongs to');
  if (cidrSet !== undefined) return [{ cidrSet }];
  if (cidr !== undefined) {
    const block = { path: `${path}.cidr`, text: cidr, bare: true };
    const found = declaredExcept(block, except, `${path}.except`, complain);
    return found === undefined ? [] : [found];
  }
  return [{ endpoints: endpointsOf(value, path, context) }];
}

/** Without `namespaces` those of the policy's own namespace, if it has one. */
function endpointsOf(
  { endpoints, namespaces, side }: Pick<PeerValue, 'endpoints' | 'namespaces' | 'side'>,
  path: string,
  { namespace, complain }: Context,
): EndpointSelector {
  return present({
    namespace: namespaces === undefined ? namespace : undefined,
    namespaces: namespaces && selectorOf(namespaces, `${path}.namespaces`, complain),
    labels: endpoints && selectorOf(endpoints, `${path}.endpoints`, complain),
    side,
  });
}

const SMALLEST_BURST = 65_536;

function limitOf({ packets, bytes, burst, per = 'rule' }: LimitValue, path: string, complain: Complain) {
  if ((packets === undefined) === (bytes === undefined))
    complain(path, 'must have either "packets" or "bytes"');
  const rate = packets ?? bytes ?? 1;
  const unit = packets === undefined ? 'bytes' : 'packets';
  const standard = unit === 'bytes' ? Math.max(rate, SMALLEST_BURST) : rate;
  return { unit, rate, burst: burst ?? standard, per } satisfies PolicyLimit;
}
