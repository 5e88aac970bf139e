// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { ApplyReport } from './change.ts';

/** One of several mistakes, and where it stands. */
const PlacedProblem = Type.Object(
  {
    path: Type.String({ description: 'Dotted path of what is wrong' }),
    problem: Type.String({ description: 'What is wrong, and how to mend it' }),
    document: Type.Optional(Type.String({ description: 'Kind/name' })),
    file: Type.Optional(Type.String()),
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    column: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);

/** An error as `application/problem+json` (RFC 9457) with Weir's code. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:weir:error:` and the code' }),
    title: Type.String({ description: 'Reason phrase of the status' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What was wrong, where, and how to mend it' }),
    code: Type.String({ description: 'Stable: match on this, never on the text' }),
    retryable: Type.Boolean({ description: 'The same request may succeed later without a change' }),
    instance: Type.Optional(Type.String({ description: 'Path of the request' })),
    errors: Type.Optional(
      Type.Array(PlacedProblem, { description: 'Each mistake, where the error speaks of several' }),
    ),
    report: Type.Optional(ApplyReport),
    log: Type.Optional(Type.String({ description: 'Of BPF_VERIFIER: the end of what the verifier wrote' })),
  },
  { additionalProperties: false },
);
export type Problem = Static<typeof Problem>;
