// SPDX-License-Identifier: Apache-2.0
// Steps after which packets pass a device: where network policy is to be on it, it has to be there before.
import type { Spec } from '../../model/object.ts';
import type { Action } from '../../plan/plan.ts';

/** What sets a device up: its own state, and a bond that takes it for a port (bond_enslave()). */
const OPENING = ['state', 'master', 'port'] as const;

/** True for a step that may set a device up. */
export function opens({ class: name, op, before, after }: Action): boolean {
  if (name !== 'link' || op === 'remove' || after === undefined) return false;
  const becomes = (field: string) => after[field] !== undefined && after[field] !== before?.[field];
  return (becomes('state') && after['state'] === 'up') || becomes('master');
}

export interface InTwo {
  /** Absent when the device is there. */
  readonly making?: Action;
  readonly opening: Action;
}

/** The step in two: the device is made, down and of no master, and then opened. */
export function inTwo(action: Action): InTwo {
  const { after, before } = action;
  if (action.op !== 'create' || after === undefined) return { opening: action };
  const closed: Spec = Object.fromEntries(
    Object.entries(after).filter(([field]) => !OPENING.some((one) => one === field)),
  );
  return {
    making: { ...action, after: closed },
    opening: { ...action, op: 'change', before: { ...before, ...closed } },
  };
}
