// SPDX-License-Identifier: Apache-2.0

/** Milliseconds that one attempt of a probe may take. */
export const ATTEMPT_MS = 2_000;

/** Finds out whether something can be reached. Resolves when it can, rejects with the reason when not. */
export interface Probe {
  /** As `--probe` names it. */
  readonly name: string;
  /** It was asked for, and must succeed after the change whatever it said before. */
  readonly explicit: boolean;
  attempt(): Promise<void>;
}
