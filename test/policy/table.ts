// SPDX-License-Identifier: Apache-2.0
// Truth tables: which endpoint may reach which, under which policies.
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };
const list = { minItems: 1 };
const Protocol = Type.Enum(['TCP', 'UDP', 'SCTP']);
const Port = Type.Integer({ minimum: 1, maximum: 65535 });
const EndpointName = Type.String({ description: 'namespace/name', pattern: '^[^/]+/[^/]+$' });
const Labels = Type.Record(Type.String(), Type.String());
const Namespaces = Type.Record(Type.String(), Labels, { description: 'Labels by name' });
const Documents = Type.Array(Type.Unknown(), {
  description: 'All documents in force; what is not among them is gone',
});

const TablePortField = Type.Object(
  { name: Type.Optional(Type.String()), protocol: Protocol, port: Port },
  closed,
);

const EndpointField = Type.Object(
  {
    name: EndpointName,
    labels: Type.Optional(Labels),
    addresses: Type.Array(Type.String(), { description: 'One or two', minItems: 1, maxItems: 2 }),
    ports: Type.Optional(Type.Array(TablePortField, { description: 'What it listens on' })),
  },
  { ...closed, description: 'A workload behind a device of its own' },
);

const CheckField = Type.Object(
  {
    protocol: Type.Enum(['TCP', 'UDP', 'SCTP', 'ICMP', 'MLD']),
    port: Type.Optional(Port),
    default: Type.Enum(['allow', 'deny', 'reject']),
    except: Type.Optional(
      Type.Array(Type.Array(EndpointName, { minItems: 2, maxItems: 2 }), {
        description: 'Pairs [from, to] with the other verdict',
      }),
    ),
    from: Type.Optional(Type.Array(EndpointName, list)),
    to: Type.Optional(Type.Array(EndpointName, list)),
    addressFamily: Type.Optional(Type.Enum([4, 6])),
  },
  {
    ...closed,
    description: 'Of every ordered pair of different endpoints that listen there, what comes of a connection',
  },
);

const StepField = Type.Object(
  {
    say: Type.Optional(Type.String()),
    documents: Type.Optional(Documents),
    namespaces: Type.Optional(Namespaces),
    endpoints: Type.Optional(Type.Array(EndpointField)),
    checks: Type.Optional(Type.Array(CheckField)),
    expectError: Type.Optional(
      Type.Boolean({ description: 'The documents are refused, and nothing changes' }),
    ),
  },
  closed,
);

/** A table as it stands in its file. */
export const TableField = Type.Object(
  {
    name: Type.Optional(Type.String()),
    requires: Type.Optional(Type.Array(Type.String())),
    namespaces: Type.Optional(Namespaces),
    endpoints: Type.Array(EndpointField, list),
    steps: Type.Array(StepField, list),
  },
  closed,
);

/** An endpoint of a table: a workload behind a device of its own. */
export type TableEndpoint = Static<typeof EndpointField>;
export type TableVerdict = 'allow' | 'deny' | 'reject';
export type TableCheck = Static<typeof CheckField>;
export type TableStep = Static<typeof StepField>;
export type TruthTable = Static<typeof TableField> & { readonly name: string };
