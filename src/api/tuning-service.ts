// SPDX-License-Identifier: Apache-2.0
import type { ProfileList, ProfileReport } from './schemas/tuning.ts';
import type { Target } from './target.ts';

/** Making a node better. */
export interface TuningService {
  /** Profiles that come with Weir, and those of the current documents. */
  profiles(target: Target): Promise<ProfileList>;
  /** One of them with all that it inherits. @throws {WeirError} `NOT_FOUND`. */
  profile(target: Target, name: string): Promise<ProfileReport>;
}
