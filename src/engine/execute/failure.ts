// SPDX-License-Identifier: Apache-2.0
import { ERRNO, errnoName } from '../../base/errno.gen.ts';
import { isWeirError, messageOf, WeirError } from '../../base/errors.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { objectClass } from '../../kinds/classes.ts';
import type { Action } from '../../plan/plan.ts';

/** A step that could not be done. */
export interface StepFailure {
  readonly action: Action;
  readonly error: WeirError;
}

/** What the kernel says when that which is to be removed is not there. */
const GONE: readonly number[] = [ERRNO.ENODEV, ERRNO.ENOENT, ERRNO.ESRCH, ERRNO.EADDRNOTAVAIL];

/** True when the step is done although the kernel refused it. */
export function isDoneAnyway(action: Action, error: unknown): boolean {
  const { op, restores } = action;
  if (op === 'remove')
    return (
      isWeirError(error, 'NO_DATA') ||
      (errnoOf(error) !== undefined && GONE.includes(errnoOf(error) as number))
    );
  // what the kernel was expected to drop has survived
  return (restores === true || isPlainClsact(action)) && errnoOf(error) === ERRNO.EEXIST;
}

/** It has nothing to differ in, and network policy makes it by itself where the kernel has no tcx. */
function isPlainClsact({ class: name, after }: Action): boolean {
  if (name !== 'qdisc' || after?.['kind'] !== 'clsact') return false;
  return after['ingress_block'] === undefined && after['egress_block'] === undefined;
}

/** The error in the words of the step. */
export function stepFailure(action: Action, error: unknown): StepFailure {
  const operation = describeAction(action);
  if (error instanceof KernelError)
    return { action, error: new KernelError(operation, error.errno, errnoName(error.errno), error.extack) };
  const problem = `${operation}: ${messageOf(error)}`;
  return {
    action,
    error: isWeirError(error)
      ? reworded(error, problem)
      : new WeirError('INTERNAL', { problem }, { cause: error }),
  };
}

/** `create address 192.0.2.1/24 dev br0`, with the namespace where it is another than the agent's. */
export function describeAction({ op, class: name, netns, before, after }: Action): string {
  const words = `${op} ${objectClass(name).describe(after ?? before ?? {})}`;
  return netns === '' ? words : `${words} in netns ${netns}`;
}

function errnoOf(error: unknown): number | undefined {
  return error instanceof KernelError ? error.errno : undefined;
}

function reworded(error: WeirError, message: string): WeirError {
  const copy = new WeirError(error.code, error.details, { cause: error });
  copy.message = message;
  return copy;
}
