// SPDX-License-Identifier: Apache-2.0
import type { StateReader } from '../model/object.ts';
import { disturbedByActions } from '../plan/disturbed.ts';
import type { Action, Image } from '../plan/plan.ts';
import { restorePlan } from '../plan/restore.ts';
import { Wanted } from './wanted.ts';

/** The steps from what is there to the image, and those that put back what others have built on a device meanwhile. */
export async function restoringActions(reader: StateReader, image: Image): Promise<readonly Action[]> {
  const wanted = new Wanted();
  for (const { object } of image.values()) wanted.add(object);
  const observed = await wanted.read(reader);
  const { actions } = restorePlan(image, observed);
  const disturbed = disturbedByActions(actions, observed);
  return disturbed.size === 0
    ? actions
    : restorePlan(image, await wanted.read(reader, { disturbed })).actions;
}
