// SPDX-License-Identifier: Apache-2.0
// What the use cases of changing take beside a body: in the query and in the path.
import { type Static, Type } from 'typebox';
import { ApplyRequest, ChangeOptions } from './change.ts';

const closed = { additionalProperties: false };
const revision = (description: string) => Type.Optional(Type.Integer({ description, minimum: 0 }));

/** How a plan is told; see PlanView. */
const View = {
  view: Type.Optional(
    Type.Enum(['actions', 'text', 'color'], {
      description: '`text` and `color` give the plan as lines for people in `text`, in place of `actions`',
      default: 'actions',
    }),
  ),
  full: Type.Optional(
    Type.Boolean({ description: 'Every action and setting in the text, however many', default: false }),
  ),
};

const { prune, peer } = ChangeOptions;

/** Query of `POST /v1/plan`. */
export const PlanQuery = Type.Object({ prune, peer, ...View }, closed);

const { confirmSeconds, probes, reason } = ApplyRequest.properties;

/** Query of `POST /v1/apply`. */
export const ApplyQuery = Type.Object({ prune, peer, confirmSeconds, probes, reason }, closed);

/** Query of `GET /v1/revisions`. */
export const RevisionsQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ description: 'Revisions of one page', minimum: 1, maximum: 1000, default: 100 }),
    ),
    cursor: Type.Optional(
      Type.String({ description: '`next` of the page before', pattern: '^[0-9]{1,15}$' }),
    ),
  },
  closed,
);

/** Path of `GET /v1/revisions/{revision}`. */
export const RevisionParams = Type.Object(
  { revision: Type.Integer({ description: 'Number of the revision', minimum: 1 }) },
  closed,
);

/** Query of `GET /v1/diff`. */
export const DiffQuery = Type.Object(
  {
    from: revision('From this revision; from the running state when absent'),
    to: revision('To this revision; to the current one when absent'),
    ...View,
  },
  closed,
);

/** Query of `GET /v1/state/documents`. */
export const DocumentsQuery = Type.Object(
  {
    netns: Type.Optional(
      Type.String({ maxLength: 255, description: "Of this network namespace; empty for the agent's own" }),
    ),
  },
  closed,
);

/** Answer of `GET /v1/state/documents`, and at the same time a PlanRequest. */
export const DocumentList = Type.Object({ documents: Type.Array(Type.Unknown()) }, closed);
export type DocumentList = Static<typeof DocumentList>;
