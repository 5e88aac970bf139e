// SPDX-License-Identifier: Apache-2.0
import type { Judge } from './judge.ts';
import { modelJudge } from './model-judge.ts';

/** All judges of truth tables, in the order in which they judge. */
export const JUDGES: readonly Judge[] = [modelJudge];
