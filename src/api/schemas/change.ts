// SPDX-License-Identifier: Apache-2.0
// Shapes of declaring and changing: what plan, apply, confirm, rollback and the history take and give.
import { type Static, type TSchema, Type } from 'typebox';

const closed = { additionalProperties: false };
const time = (description: string) => Type.String({ description, format: 'date-time' });
const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

/** How a plan or an apply is asked for. */
export const ChangeOptions = {
  documents: Type.Optional(
    Type.Array(Type.Unknown(), { description: 'Documents as objects', maxItems: 10_000 }),
  ),
  files: Type.Optional(
    Type.Array(Type.Object({ name: Type.String({ minLength: 1 }), text: Type.String() }, closed), {
      description: 'Documents as text, YAML or JSON, several per file: errors then name file and line',
    }),
  ),
  prune: Type.Optional(
    Type.Boolean({
      description: 'Remove the documents of the current revision that are not given',
      default: false,
    }),
  ),
  peer: Type.Optional(
    Type.String({
      description: 'Address that the operator comes from (SSH_CONNECTION), to warn of what would cut it',
    }),
  ),
};

export const PlanRequest = Type.Object(ChangeOptions, closed);

export const ApplyRequest = Type.Object(
  {
    ...ChangeOptions,
    confirmSeconds: Type.Optional(
      Type.Integer({
        description: 'Roll back unless confirmed within this time; 0 asks for no confirmation',
        minimum: 0,
        maximum: 86_400,
        default: 120,
      }),
    ),
    probes: Type.Optional(
      Type.Array(Type.String({ pattern: '^(ping:.+|tcp:.+:[0-9]+|https?://.+|http:.+|gateway|none)$' }), {
        description:
          'Run before and after: ping:ADDRESS, tcp:HOST:PORT, http:URL, gateway; none for no default probe',
        maxItems: 32,
      }),
    ),
    reason: Type.Optional(Type.String({ description: 'Why, for the history', maxLength: 1000 })),
    ifRevision: Type.Optional(
      Type.Integer({ description: 'Refuse unless this is the current revision (also If-Match)', minimum: 0 }),
    ),
  },
  closed,
);
export type ApplyRequest = Static<typeof ApplyRequest>;

const Origin = Type.Object(
  {
    document: Type.String({ description: 'Kind/name' }),
    path: Type.String({ description: 'Dotted path in the document' }),
    file: Type.Optional(Type.String()),
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    reason: Type.Optional(Type.String({ description: 'Why, where a profile brought it' })),
  },
  closed,
);

const Spec = Type.Record(Type.String(), Type.Unknown());

export const ActionSchema = Type.Object(
  {
    op: Type.Enum(['create', 'change', 'remove']),
    id: Type.String(),
    netns: Type.String(),
    class: Type.String(),
    key: Type.String(),
    before: Type.Optional(Spec),
    after: Type.Optional(Spec),
    fields: Type.Optional(Type.Array(Type.String())),
    replaces: Type.Optional(Type.String()),
    restores: Type.Optional(Type.Literal(true)),
    origin: Type.Optional(Origin),
  },
  closed,
);

export const DiagnosticSchema = Type.Object(
  {
    severity: Type.Enum(['error', 'warning', 'note']),
    code: Type.String(),
    message: Type.String(),
    id: Type.Optional(Type.String()),
    origin: Type.Optional(Origin),
  },
  closed,
);

const Counts = Type.Object(
  {
    create: Type.Integer(),
    change: Type.Integer(),
    replace: Type.Integer(),
    remove: Type.Integer(),
    adopt: Type.Integer(),
  },
  closed,
);

/** Answer of `POST /v1/plan`. */
export const PlanReport = Type.Object(
  {
    revision: Type.Integer({
      description: 'The current revision that it would change; 0 is the untouched node',
    }),
    counts: Counts,
    actions: Type.Array(ActionSchema, { description: 'In order; secrets are left out' }),
    text: Type.Optional(
      Type.String({ description: 'The plan for people, where it was asked for; `actions` is empty then' }),
    ),
    diagnostics: Type.Array(DiagnosticSchema),
    adopted: Type.Array(Type.String()),
  },
  closed,
);
export type PlanReport = Static<typeof PlanReport>;

export const REVISION_STATES = [
  'applying',
  'unconfirmed',
  'confirmed',
  'rolled-back',
  'rollback-failed',
] as const;

/** One line of the history. */
export const RevisionSummary = Type.Object(
  {
    revision: Type.Integer({ minimum: 1 }),
    state: Type.Enum([...REVISION_STATES]),
    time: time('When it was applied'),
    who: Type.String({ description: 'Identity of the caller: user of the socket, token or certificate' }),
    reason: Type.Optional(Type.String()),
    counts: Counts,
    documents: Type.Array(Type.String({ description: 'Kind/name' })),
    /** Why it was rolled back. */
    error: Type.Optional(Type.String()),
    confirmedBy: Type.Optional(Type.String()),
    /** When it is rolled back unless confirmed. */
    deadline: Type.Optional(time('When it is rolled back unless confirmed')),
    /** The revision whose documents it brought back. */
    restores: Type.Optional(Type.Integer()),
    current: Type.Boolean({ description: 'Its documents are the ones that hold' }),
  },
  closed,
);
export type RevisionSummary = Static<typeof RevisionSummary>;

export const RevisionPage = Type.Object(
  { items: Type.Array(RevisionSummary, { description: 'Newest first' }), next: Type.Optional(Type.String()) },
  closed,
);
export type RevisionPage = Static<typeof RevisionPage>;

/** One revision with what it brought. */
export const RevisionDetail = Type.Object(
  {
    ...RevisionSummary.properties,
    content: Type.Array(Type.Unknown(), { description: 'The documents' }),
    diff: Type.String({ description: 'The plan as text' }),
  },
  closed,
);
export type RevisionDetail = Static<typeof RevisionDetail>;

/** What a probe found before and after a change; null where it was not run. */
export const ProbeResult = Type.Object(
  {
    probe: Type.String(),
    before: nullable(Type.Boolean()),
    after: nullable(Type.Boolean()),
    detail: Type.Optional(Type.String()),
  },
  closed,
);

/** Answer of apply, confirm and rollback. */
export const ApplyReport = Type.Object(
  {
    /** `unchanged`: there was nothing to do. */
    status: Type.Enum(['unchanged', 'unconfirmed', 'confirmed', 'rolled-back', 'rollback-failed']),
    revision: Type.Integer({ description: 'The revision that this is about; 0 is the untouched node' }),
    counts: Counts,
    diagnostics: Type.Array(DiagnosticSchema),
    probes: Type.Array(ProbeResult),
    deadline: Type.Optional(time('Confirm before')),
    /** What failed, and what was undone. */
    error: Type.Optional(Type.String()),
    /** What could not be undone. */
    leftovers: Type.Optional(Type.Array(Type.String())),
    seconds: Type.Number({ description: 'Time that it took' }),
  },
  closed,
);
export type ApplyReport = Static<typeof ApplyReport>;

/** Whoever confirms or rolls back may say which revision is meant. */
export const RevisionRequest = Type.Object(
  {
    revision: Type.Optional(
      Type.Integer({ description: 'Which one is meant; the current one when absent', minimum: 0 }),
    ),
    ifRevision: ApplyRequest.properties.ifRevision,
    reason: Type.Optional(Type.String({ maxLength: 1000 })),
    confirmSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
    probes: ApplyRequest.properties.probes,
  },
  closed,
);
export type RevisionRequest = Static<typeof RevisionRequest>;

/** An object that differs from what its document says. */
export const DriftItem = Type.Object(
  {
    id: Type.String(),
    since: time('When it was seen first'),
    policy: Type.Enum(['report', 'restore']),
    action: ActionSchema,
  },
  closed,
);

/** Answer of `GET /v1/change`. */
export const ChangeStatus = Type.Object(
  {
    revision: Type.Integer({ description: 'The current revision; 0 is the untouched node' }),
    state: Type.Enum(['idle', 'applying', 'unconfirmed', 'rolling-back']),
    /** Who holds the lock, and until when. */
    holder: Type.Optional(Type.String()),
    deadline: Type.Optional(time('When the change is rolled back unless confirmed')),
    progress: Type.Optional(
      Type.Object({ phase: Type.String(), done: Type.Integer(), total: Type.Integer() }, closed),
    ),
    owned: Type.Integer({ description: 'Objects that the documents of the revision declare' }),
    drift: Type.Array(DriftItem),
    /** What went wrong at start: the revision that could not be applied. */
    problem: Type.Optional(Type.String()),
  },
  closed,
);
export type ChangeStatus = Static<typeof ChangeStatus>;
