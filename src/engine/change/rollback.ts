// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Image } from '../../plan/plan.ts';
import { describeAction, type StepFailure } from '../execute/failure.ts';
import type { EngineParts } from '../parts.ts';
import { restoringActions } from '../restoring.ts';

/** Milliseconds before another attempt: what was refused may be possible once the rest is undone. */
const ATTEMPTS_MS = [0, 0, 50, 250, 1_000];

/**
 * Bring every object of the image back to what it was: read, plan towards the image, execute, until nothing differs.
 * @returns what could not be brought back, in words; empty when all was.
 */
export async function restore(
  { reader, executor, warn }: Pick<EngineParts, 'reader' | 'executor' | 'warn'>,
  image: Image,
  progress?: (done: number, total: number) => void,
): Promise<readonly string[]> {
  let failures: readonly StepFailure[] = [];
  for (const pause of ATTEMPTS_MS) {
    if (pause > 0) await delay(pause);
    const actions = await restoringActions(reader, image);
    if (actions.length === 0) return [];
    const options = { keepGoing: true, progress: (done: number) => progress?.(done, actions.length) };
    failures = await executor.execute(actions, options);
    for (const { error } of failures) warn(`undoing: ${messageOf(error)}`);
  }
  const left = await restoringActions(reader, image);
  return left.map((action) => {
    const failure = failures.find((one) => one.action.id === action.id);
    return failure === undefined ? describeAction(action) : messageOf(failure.error);
  });
}
