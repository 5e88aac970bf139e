// SPDX-License-Identifier: Apache-2.0
import type { Engine } from '../../engine/engine.ts';
import { objectClass } from '../../kinds/classes.ts';
import type { ClassName, NetObject, ObjectId, Spec } from '../../model/object.ts';
import { differing, isSettings, settingAt } from '../../plan/settings.ts';

/**
 * Settings that Weir keeps of what every node has, sysctls and those of devices, as they are now. A node has thousands:
 * the others are nothing to declare.
 */
export async function keptSettings(
  { owned, parts }: Engine,
  netns: string,
  observed: ReadonlyMap<ObjectId, NetObject>,
): Promise<readonly NetObject[]> {
  const keys = new Map<ClassName, Set<string>>();
  for (const { id, netns: where, class: name, key } of owned.values()) {
    if (where !== netns || observed.has(id) || objectClass(name).section?.document !== 'Tuning') continue;
    const known = keys.get(name) ?? new Set();
    keys.set(name, known.add(key));
  }
  if (keys.size === 0) return [];
  const found = await parts.reader.read({ netns, keys });
  return [...found.values()].flatMap((object) => {
    const declared = owned.get(object.id)?.declared;
    return declared === undefined ? [] : [{ ...object, spec: asItIs(object, declared) }];
  });
}

/** What was declared, with what drifted as it is now; a family of features that disagree is nothing to declare. */
function asItIs({ class: name, spec }: NetObject, declared: Spec): Spec {
  const now = structuredClone(declared) as Record<string, unknown>;
  for (const field of differing(objectClass(name), declared, spec, false)) {
    const [outer = '', inner] = field.split('.', 2);
    const value = settingAt(spec, field);
    const place = (inner === undefined ? now : now[outer]) as Record<string, unknown>;
    if (value === undefined || isSettings(value)) delete place[inner ?? outer];
    else place[inner ?? outer] = value;
  }
  return now;
}
