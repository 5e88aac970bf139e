// SPDX-License-Identifier: Apache-2.0
// Shapes of advice and of trials.
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };
const time = (description: string) => Type.String({ description, format: 'date-time' });

/** Query of `GET /v1/tuning/advice`. */
export const AdviceQuery = Type.Object(
  {
    netns: Type.Optional(
      Type.String({
        maxLength: 255,
        description: "Of this network namespace; of the agent's own and all that it watches when absent",
      }),
    ),
    seconds: Type.Optional(
      Type.Integer({
        description: 'How long to look: rates are of this time, and the answer takes as long',
        minimum: 1,
        maximum: 30,
        default: 5,
      }),
    ),
  },
  closed,
);
export type AdviceQuery = Static<typeof AdviceQuery>;

const AdvisedSetting = Type.Object(
  {
    name: Type.String({ description: '`sysctl net.core.somaxconn`, `eth0 rings.rx`' }),
    current: Type.Unknown(),
    proposed: Type.Unknown(),
    handSet: Type.Union([Type.Boolean(), Type.Literal('unknown')], {
      description:
        'Somebody set it, and it is left alone unless that is asked for; `unknown` where no default is known',
    }),
    writable: Type.Boolean({ description: 'It exists and can be written in this namespace' }),
  },
  closed,
);

export const AdviceItem = Type.Object(
  {
    id: Type.String({
      description: 'The same as long as the same is wrong: `rule`, `rule.device`, `rule.device@netns`',
    }),
    rule: Type.String(),
    netns: Type.String(),
    weight: Type.Integer({ minimum: 1, maximum: 3, description: '3: something is lost; 1: could be better' }),
    summary: Type.String(),
    evidence: Type.Array(
      Type.Object(
        {
          what: Type.String(),
          value: Type.Union([Type.Number(), Type.String()]),
          unit: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    settings: Type.Array(AdvisedSetting, { description: 'What would change' }),
    manual: Type.Optional(Type.String({ description: 'What a person has to do' })),
    expected: Type.String(),
    risk: Type.String(),
    metric: Type.String({ description: 'What a trial measures unless it is told otherwise' }),
  },
  closed,
);
export type AdviceItem = Static<typeof AdviceItem>;

/** Answer of `GET /v1/tuning/advice`. */
export const AdviceReport = Type.Object(
  {
    timestamp: Type.Number({ description: 'Milliseconds since the epoch' }),
    seconds: Type.Number(),
    items: Type.Array(AdviceItem, { description: 'What weighs most first' }),
  },
  closed,
);
export type AdviceReport = Static<typeof AdviceReport>;

/** Body of `POST /v1/tuning/trials`. */
export const TrialRequest = Type.Object(
  {
    advice: Type.Optional(
      Type.String({ description: 'Id of advice to follow', minLength: 1, maxLength: 300 }),
    ),
    documents: Type.Optional(
      Type.Array(Type.Unknown(), { description: 'Documents to try instead', minItems: 1, maxItems: 16 }),
    ),
    netns: Type.Optional(
      Type.String({ description: 'Network namespace to measure in, with `documents`', maxLength: 255 }),
    ),
    seconds: Type.Optional(
      Type.Integer({
        description: 'How long to measure, half of it before and half after the change',
        minimum: 16,
        maximum: 3600,
        default: 300,
      }),
    ),
    metric: Type.Optional(
      Type.String({
        description:
          'What must get better, `:device` behind it where it is of one; of the advice when absent',
        minLength: 1,
        maxLength: 100,
      }),
    ),
    override: Type.Optional(
      Type.Boolean({ description: 'Also change what somebody else has set, or may have', default: false }),
    ),
  },
  closed,
);
export type TrialRequest = Static<typeof TrialRequest>;

const Summary = Type.Object({ samples: Type.Integer(), mean: Type.Number(), median: Type.Number() }, closed);

export const ComparisonSchema = Type.Object(
  {
    metric: Type.String(),
    unit: Type.String(),
    better: Type.Enum(['higher', 'lower']),
    before: Summary,
    after: Summary,
    change: Type.Optional(Type.Number({ description: 'Of the means: 0.1 is a tenth more' })),
    superiority: Type.Number({ description: 'Share of pairs of samples in which the later one is larger' }),
    p: Type.Number({ description: 'Probability of so large a difference by chance' }),
    outcome: Type.Enum(['better', 'worse', 'same']),
  },
  closed,
);

export const TRIAL_STATES = [
  'before',
  'applying',
  'settling',
  'after',
  'kept',
  'rolled-back',
  'stopped',
  'failed',
  'interrupted',
] as const;

/** One trial, running or over. */
export const TrialReport = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    state: Type.Enum([...TRIAL_STATES]),
    advice: Type.Optional(Type.String()),
    netns: Type.String(),
    metric: Type.String(),
    seconds: Type.Integer({ description: 'How long it measures altogether' }),
    documents: Type.Array(Type.String({ description: 'Kind/name' })),
    who: Type.String(),
    started: time('When it began'),
    ended: Type.Optional(time('When it was over')),
    progress: Type.Number({ description: 'Share of its time that is over', minimum: 0, maximum: 1 }),
    revision: Type.Optional(Type.Integer({ description: 'The revision that it applied' })),
    reason: Type.Optional(Type.String({ description: 'Why it was kept or not' })),
    test: Type.String({ description: 'How samples are compared' }),
    result: Type.Optional(ComparisonSchema),
    guards: Type.Array(ComparisonSchema, { description: 'What must not get worse' }),
    load: Type.Optional(ComparisonSchema),
  },
  closed,
);
export type TrialReport = Static<typeof TrialReport>;

/** Answer of `GET /v1/tuning/trials`. */
export const TrialList = Type.Object(
  { items: Type.Array(TrialReport, { description: 'The newest first; at most 50' }) },
  closed,
);
export type TrialList = Static<typeof TrialList>;

export const TrialParams = Type.Object(
  { id: Type.Integer({ description: 'Number of the trial', minimum: 1, maximum: 1_000_000_000 }) },
  closed,
);
