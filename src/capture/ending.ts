// SPDX-License-Identifier: Apache-2.0
import type { CaptureEnd } from '../model/capture.ts';

/** Why a capture ended, in a word and in words. */
export interface Ending {
  readonly reason: CaptureEnd;
  readonly detail: string;
}

/** Ends after which it is not waited for what is on its way. */
export function isAbrupt({ reason }: Ending): boolean {
  return reason === 'failed' || reason === 'space' || reason === 'agent';
}
