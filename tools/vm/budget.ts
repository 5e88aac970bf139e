// SPDX-License-Identifier: Apache-2.0
// How long the virtual machines may take in all, so that a slow machine ends a run in an orderly way, and an interrupt too.
import process from 'node:process';

let deadline = Number.POSITIVE_INFINITY;

/** From now on. */
export function setBudget(minutes: number): void {
  deadline = performance.now() + minutes * 60_000;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      deadline = 0;
    });
}

/** What is left; nothing new begins below zero. */
export function secondsLeft(): number {
  return (deadline - performance.now()) / 1000;
}
