// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import type { NetObject, ObjectId } from '../model/object.ts';
import { lossesOf } from './consequences.ts';
import { ordered } from './order.ts';
import type { Action, Image, Plan } from './plan.ts';
import { withRestored } from './put-back.ts';
import { withUnseen } from './recalled.ts';
import { differing } from './settings.ts';
import { type ObjectName, stepsOf } from './steps.ts';

/** The settings, or the absence, of every object that the plan touches or that the kernel drops on the way. */
export function imageOf(plan: Plan, observed: ReadonlyMap<ObjectId, NetObject>): Image {
  const image = new Map<ObjectId, { readonly object: ObjectName; readonly spec?: NetObject['spec'] }>();
  for (const { id, netns, class: name, key } of plan.actions) {
    const spec = observed.get(id)?.spec;
    image.set(id, { object: { id, netns, class: name, key }, ...(spec && { spec }) });
  }
  const { dropped, weakened, shaken } = lossesOf(plan.actions, observed);
  for (const { spec, ...object } of [...dropped, ...shaken, ...weakened.map(({ object: port }) => port)])
    image.set(object.id, { object, spec });
  return image;
}

/** The steps from what is there to the image, and nothing else. */
export function restorePlan(image: Image, observed: ReadonlyMap<ObjectId, NetObject>): Plan {
  const actions: Action[] = [];
  for (const [id, { object, spec }] of image) {
    const seen = observed.get(id)?.spec;
    const kind = objectClass(object.class);
    if (spec === undefined) {
      // What nobody created cannot be removed either: it goes with what it came with.
      if (seen !== undefined && kind.innate?.(seen) !== true)
        actions.push(...stepsOf({ object, fields: [] }, seen));
      continue;
    }
    const fields = seen === undefined ? [] : differing(kind, spec, withUnseen(kind, seen, spec), true);
    actions.push(...stepsOf({ object, after: spec, fields }, seen));
  }
  return {
    actions: ordered(withRestored(actions, observed), observed),
    diagnostics: [],
    adopted: [],
    owns: [],
  };
}
