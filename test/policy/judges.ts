// SPDX-License-Identifier: Apache-2.0
import type { Judge } from './judge.ts';
import { liveJudge } from './live-judge.ts';
import { modelJudge } from './model-judge.ts';
import { runJudge } from './run-judge.ts';

/** All judges of truth tables, in the order in which they judge. */
export const JUDGES: readonly Judge[] = [modelJudge, runJudge, liveJudge];
