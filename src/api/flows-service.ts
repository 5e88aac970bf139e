// SPDX-License-Identifier: Apache-2.0
import type { FlowQuery, FlowReport } from './schemas/flows.ts';
import type { Target } from './target.ts';

/** Who talks most. */
export interface FlowsService {
  /**
   * The flows with most bytes during the next seconds, busiest first: the answer takes as long.
   * @throws {WeirError} `NO_DATA` where the telemetry does not run, `NOT_FOUND` for a namespace that is not watched.
   */
  flows(target: Target, query: FlowQuery): Promise<FlowReport>;
}
