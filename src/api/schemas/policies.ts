// SPDX-License-Identifier: Apache-2.0
// Shapes of network policy: what is in force, what it counts, and why a packet passes or not.
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };
const count = (description: string) => Type.Number({ description, minimum: 0 });
const text = (description: string) => Type.String({ description });
const time = (description: string) => Type.Optional(Type.String({ description: `${description}, ISO 8601` }));

const VERDICTS = ['allow', 'deny', 'reject'] as const;
const DIRECTIONS = ['ingress', 'egress'] as const;

const Verdict = Type.Enum([...VERDICTS], { description: '`reject` is a denial that is told to the sender' });
const Direction = Type.Enum([...DIRECTIONS], { description: 'As the endpoint sees it' });

const Paging = {
  limit: Type.Optional(
    Type.Integer({ description: 'Items of one page', minimum: 1, maximum: 10_000, default: 1_000 }),
  ),
  cursor: Type.Optional(Type.String({ description: '`next` of the page before', pattern: '^[0-9]{1,15}$' })),
};

/** Query of lists. */
export const PolicyPageQuery = Type.Object(Paging, closed);
export type PolicyPageQuery = Static<typeof PolicyPageQuery>;

export const RuleReport = Type.Object(
  {
    policy: text('Policy: kind and name of its document'),
    direction: Direction,
    index: Type.Integer({ description: 'Place in the list of the direction, from 0' }),
    name: Type.Optional(Type.String()),
    action: Type.Enum(['allow', 'deny', 'reject', 'pass']),
    packets: count('New connections and packets that it decided about'),
    bytes: count('Their bytes'),
    last: time('When it decided last'),
    unusedSince: time('It has decided nothing since then'),
  },
  { ...closed, description: 'A rule with what it counts' },
);
export type RuleReport = Static<typeof RuleReport>;

export const PolicyItem = Type.Object(
  {
    name: text('Kind and name of its document: NetworkPolicy/shop/web'),
    tier: Type.Enum(['admin', 'application', 'baseline']),
    priority: Type.Integer(),
    mode: Type.Enum(['enforce', 'audit'], { description: '`audit` counts and logs what it would do' }),
    rules: count('Rules of both directions'),
    packets: count('New connections and packets that its rules decided about'),
    bytes: count('Their bytes'),
  },
  { ...closed, description: 'A policy in force' },
);
export type PolicyItem = Static<typeof PolicyItem>;

function page<S extends Parameters<typeof Type.Array>[0]>(items: S, description: string) {
  return Type.Object(
    {
      revision: Type.Integer({ description: 'Revision that it belongs to' }),
      items: Type.Array(items),
      next: Type.Optional(Type.String({ description: 'Cursor of the next page' })),
    },
    { ...closed, description },
  );
}

export const PolicyPage = page(PolicyItem, 'Policies in force, by name');
export type PolicyPage = Static<typeof PolicyPage>;

export const RulePage = page(RuleReport, 'Rules in force, by policy');
export type RulePage = Static<typeof RulePage>;

const AnyDocument = Type.Unknown({ description: 'The document as it was applied' });

export const PolicyReport = Type.Object(
  {
    revision: Type.Integer(),
    name: Type.String(),
    document: AnyDocument,
    endpoints: Type.Array(Type.String(), { description: 'Endpoints that it selects' }),
    rules: Type.Array(RuleReport),
  },
  { ...closed, description: 'A policy with what it does' },
);
export type PolicyReport = Static<typeof PolicyReport>;

const PlaceReport = Type.Object(
  {
    netns: text("Empty: the agent's own"),
    device: Type.String(),
    ifindex: Type.Integer(),
    attached: Type.Boolean({
      description: 'False when others took the programs away, or no policy needs them',
    }),
    xdp: Type.Boolean({
      description:
        'True when what is denied for certain is dropped at XDP already: on devices of hosts whose driver runs it',
    }),
  },
  closed,
);

export const EndpointItem = Type.Object(
  {
    name: text('Namespace and name'),
    labels: Type.Record(Type.String(), Type.String()),
    side: Type.Enum(['workload', 'host']),
    addresses: Type.Array(Type.String()),
    places: Type.Array(PlaceReport, { description: 'Its devices that are there' }),
  },
  { ...closed, description: 'An endpoint' },
);
export type EndpointItem = Static<typeof EndpointItem>;

export const EndpointPage = page(EndpointItem, 'Endpoints, by name');
export type EndpointPage = Static<typeof EndpointPage>;

export const EndpointReport = Type.Object(
  {
    ...EndpointItem.properties,
    revision: Type.Integer(),
    document: AnyDocument,
    policies: Type.Object(
      { ingress: Type.Array(Type.String()), egress: Type.Array(Type.String()) },
      { ...closed, description: 'Policies that apply to it, in the order in which they are asked' },
    ),
  },
  { ...closed, description: 'An endpoint with what applies to it' },
);
export type EndpointReport = Static<typeof EndpointReport>;

export const CidrSetItem = Type.Object(
  {
    name: Type.String(),
    prefixes: count('Prefixes that stand in it'),
    file: Type.Optional(text('File that they are read from')),
  },
  { ...closed, description: 'A set of prefixes' },
);
export type CidrSetItem = Static<typeof CidrSetItem>;

export const CidrSetPage = page(CidrSetItem, 'Sets of prefixes, by name');
export type CidrSetPage = Static<typeof CidrSetPage>;

export const CidrSetReport = Type.Object(
  {
    ...CidrSetItem.properties,
    revision: Type.Integer(),
    cidrs: Type.Array(Type.String(), { description: 'A page of its prefixes, of a set without a file' }),
    next: Type.Optional(Type.String({ description: 'Cursor of the next page' })),
  },
  { ...closed, description: 'A set with its prefixes' },
);
export type CidrSetReport = Static<typeof CidrSetReport>;

const Prefixes = (description: string) =>
  Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { description, maxItems: 1_000_000 }));

/** Body of `PATCH /v1/cidrsets/{name}`. */
export const CidrSetChange = Type.Object(
  {
    add: Prefixes('Prefixes to add; those that stand in it already are no mistake'),
    remove: Prefixes('Prefixes to take out'),
  },
  { ...closed, description: 'What changes of a set that stands in its document' },
);
export type CidrSetChange = Static<typeof CidrSetChange>;

export const PolicyParams = Type.Object(
  {
    name: Type.String({
      description:
        'Name of a document, with its namespace and kind if need be, / written as %2F: edge, shop%2Fweb, NetworkPolicy%2Fshop%2Fweb',
      maxLength: 512,
    }),
  },
  closed,
);

const End = (what: string) =>
  Type.String({ description: `${what}: an address, or an endpoint by name`, minLength: 1, maxLength: 320 });

/** Body of `POST /v1/explain`. */
export const ExplainRequest = Type.Object(
  {
    from: End('Who sends'),
    to: End('Who is sent to'),
    protocol: Type.String({
      description: 'tcp, udp, sctp, icmp, icmpv6, or the number of another protocol',
      pattern: '^([A-Za-z][A-Za-z0-9]{0,15}|[0-9]{1,3})$',
    }),
    port: Type.Optional(Type.Integer({ description: 'Destination port', minimum: 0, maximum: 65_535 })),
    sourcePort: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, default: 40_000 })),
    type: Type.Optional(
      Type.Integer({ description: 'Of ICMP; an echo request when absent', minimum: 0, maximum: 255 }),
    ),
    code: Type.Optional(Type.Integer({ description: 'Of ICMP', minimum: 0, maximum: 255 })),
    flags: Type.Optional(
      Type.Array(Type.Enum(['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR']), {
        description: 'TCP flags; SYN when absent',
        maxItems: 8,
      }),
    ),
  },
  { ...closed, description: 'A packet that begins something new' },
);
export type ExplainRequest = Static<typeof ExplainRequest>;

const Decision = {
  verdict: Verdict,
  policy: Type.Optional(text('Policy that decides')),
  rule: Type.Optional(text('Its rule: name, or place in the list from 0')),
  reason: text('Why, where no rule decides; else `rule`'),
};

const TrailEntry = Type.Object(
  {
    policy: Type.String(),
    rule: Type.String(),
    tier: Type.String(),
    action: Type.String(),
    result: Type.Enum(['matched', 'other peer', 'other port']),
  },
  closed,
);

const DatapathVerdict = Type.Object(
  {
    device: Type.String(),
    verdict: Verdict,
    policy: Type.Optional(Type.String()),
    rule: Type.Optional(Type.String()),
    reason: text('As of the documents; else the name that the program has for it'),
    identity: Type.Integer({ description: 'Number that the maps give the other address' }),
  },
  { ...closed, description: 'What the attached program says of the same packet' },
);

export const ExplainJudgement = Type.Object(
  {
    endpoint: Type.String(),
    direction: Direction,
    ...Decision,
    tier: Type.Optional(Type.String()),
    limited: Type.Optional(
      Type.Boolean({ description: 'Only as much as the limit of the rule lets through' }),
    ),
    audit: Type.Optional(
      Type.Object(Decision, {
        ...closed,
        description: 'What would be decided if policies in audit mode were enforced',
      }),
    ),
    trail: Type.Array(TrailEntry, { description: 'Rules in the order in which they were asked' }),
    datapath: Type.Optional(DatapathVerdict),
  },
  { ...closed, description: 'What one endpoint says of the packet' },
);
export type ExplainJudgement = Static<typeof ExplainJudgement>;
export type ExplainedVerdict = (typeof VERDICTS)[number];

const Explained = {
  verdict: Type.Enum([...VERDICTS], { description: 'Of all endpoints together' }),
  from: text('Source address'),
  to: text('Destination address'),
  protocol: Type.String(),
  sourcePort: Type.Optional(Type.Integer()),
  port: Type.Optional(Type.Integer()),
  judgements: Type.Array(ExplainJudgement, {
    description: 'None where no endpoint of this node is concerned',
  }),
};

export const ExplainedPacket = Type.Object(
  {
    number: Type.Integer({ description: 'Place in the capture, from 1' }),
    skipped: Type.Optional(text('Why there is nothing to say')),
    ...Object.fromEntries(Object.entries(Explained).map(([name, schema]) => [name, Type.Optional(schema)])),
  },
  closed,
);

export const ExplainReport = Type.Object(
  {
    revision: Type.Integer(),
    ...Object.fromEntries(Object.entries(Explained).map(([name, schema]) => [name, Type.Optional(schema)])),
    packets: Type.Optional(Type.Array(ExplainedPacket, { description: 'Of a capture, each packet' })),
    cutOff: Type.Optional(
      Type.Integer({ description: 'Bytes at the end of the capture that are no whole packet' }),
    ),
  },
  { ...closed, description: 'Why a packet passes or not' },
);

/** One packet explained. */
export interface Explanation {
  readonly verdict: (typeof VERDICTS)[number];
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly sourcePort?: number;
  readonly port?: number;
  readonly judgements: readonly ExplainJudgement[];
}

/** The answer of `explain`. */
export interface ExplainReport extends Partial<Explanation> {
  readonly revision: number;
  readonly packets?: readonly ({
    readonly number: number;
    readonly skipped?: string;
  } & Partial<Explanation>)[];
  readonly cutOff?: number;
}

/** Query of the feed of verdicts. */
export const VerdictQuery = Type.Object(
  {
    endpoint: Type.Optional(text('Only of this endpoint')),
    policy: Type.Optional(text('Only of rules of this policy')),
    verdict: Type.Optional(Type.Enum([...VERDICTS], { description: 'Only these' })),
  },
  closed,
);
export type VerdictQuery = Static<typeof VerdictQuery>;

/** A verdict that a rule with `log` sampled. */
export interface VerdictLine {
  readonly kind: 'verdict';
  /** ISO 8601. */
  readonly time: string;
  readonly endpoint: string;
  readonly direction: 'ingress' | 'egress';
  readonly verdict: 'allow' | 'deny' | 'reject';
  readonly policy?: string;
  readonly rule?: string;
  /** The policy in audit mode that would decide otherwise. */
  readonly audit?: string;
  readonly reason: string;
  readonly protocol: string;
  readonly from: string;
  readonly to: string;
  readonly sourcePort?: number;
  readonly port?: number;
  readonly bytes: number;
}
