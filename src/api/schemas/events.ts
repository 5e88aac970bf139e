// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { EVENT_KINDS, type FeedChange } from '../../model/change.ts';

/** Which changes a subscriber wants; everything where a filter is absent. */
export const EventQuery = Type.Object(
  {
    kind: Type.Optional(
      Type.Array(Type.Enum([...EVENT_KINDS]), {
        minItems: 1,
        uniqueItems: true,
        description: 'Kinds of objects, `change` (what Weir changes) and `drift`, separated by commas',
      }),
    ),
    netns: Type.Optional(
      Type.String({ maxLength: 255, description: "Only this namespace; empty for the agent's own" }),
    ),
  },
  { additionalProperties: false },
);
export type EventQuery = Static<typeof EventQuery>;

/** Changes that a subscriber will never see. */
export interface Gap {
  readonly kind: 'gap';
  /** Why: the subscriber was too slow, or it asked to resume from an event that is no longer kept. */
  readonly reason: 'slow' | 'expired';
}

/** One entry of the feed. */
export interface FeedEvent {
  /** Unique and increasing within one run of the agent: hand it back to resume after it. */
  readonly id: string;
  readonly body: FeedChange | Gap;
  /** `body` as JSON, made once for all subscribers. */
  readonly json: string;
}
