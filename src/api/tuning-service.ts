// SPDX-License-Identifier: Apache-2.0
import type { Caller } from './change-service.ts';
import type { AdviceQuery, AdviceReport, TrialList, TrialReport, TrialRequest } from './schemas/advice.ts';
import type { ProfileList, ProfileReport } from './schemas/tuning.ts';
import type { Target } from './target.ts';

/** Making a node better. */
export interface TuningService {
  /** Profiles that come with Weir, and those of the current documents. */
  profiles(target: Target): Promise<ProfileList>;
  /** One of them with all that it inherits. @throws {WeirError} `NOT_FOUND`. */
  profile(target: Target, name: string): Promise<ProfileReport>;
  /** Look for some seconds, and say what would make it better. @throws {WeirError} `NOT_FOUND` for a namespace. */
  advice(target: Target, query: AdviceQuery): Promise<AdviceReport>;
  /**
   * Begin to measure, change, measure again, and keep the change only if it helped. It goes on without the caller.
   * @throws {WeirError} `NOT_FOUND` for advice that does not hold now, `TRIAL` for one that cannot be tried, `TOO_MANY`
   * while another one runs, `VALUE` for a metric.
   */
  startTrial(target: Target, request: TrialRequest, caller: Caller): Promise<TrialReport>;
  trials(target: Target): Promise<TrialList>;
  /** @throws {WeirError} `NOT_FOUND`. */
  trial(target: Target, id: number): Promise<TrialReport>;
  /** End it at once, and undo what it changed. @throws {WeirError} `NOT_FOUND`. */
  stopTrial(target: Target, id: number, caller: Caller): Promise<TrialReport>;
}
