// SPDX-License-Identifier: Apache-2.0

/** Exit codes of `weir`. */
export const EXIT = { done: 0, error: 1, usage: 2, changes: 3, rolledBack: 4 } as const;

/** Ends a command with an exit code after it has told its user why. */
export class ExitWith extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}
