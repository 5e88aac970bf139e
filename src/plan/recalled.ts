// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import type { ObjectClass } from '../kinds/object-class.ts';
import type { NetObject, ObjectId, OwnedObject, Spec } from '../model/object.ts';
import { merged, settingAt } from './settings.ts';

/**
 * What is there, with the settings that the kernel keeps to itself as documents declared them last.
 * @see ObjectClass.unseen
 */
export function recalled(
  observed: ReadonlyMap<ObjectId, NetObject>,
  owned: ReadonlyMap<ObjectId, OwnedObject>,
): ReadonlyMap<ObjectId, NetObject> {
  let known: Map<ObjectId, NetObject> | undefined;
  for (const { id, class: name, declared } of owned.values()) {
    const kind = objectClass(name);
    if (!hidesAny(kind, declared)) continue;
    const seen = observed.get(id);
    if (seen === undefined) continue;
    const spec = withUnseen(kind, seen.spec, declared);
    if (spec === seen.spec) continue;
    known ??= new Map(observed);
    known.set(id, { ...seen, spec });
  }
  return known ?? observed;
}

/** True when the kernel keeps some of these settings to itself. */
function hidesAny({ unseen = [] }: ObjectClass, declared: Spec): boolean {
  for (const field of unseen) if (settingAt(declared, field) !== undefined) return true;
  return false;
}

/** Settings that the kernel reports, with those that it keeps to itself from `told`. */
export function withUnseen({ unseen }: ObjectClass, seen: Spec, told: Spec): Spec {
  if (unseen === undefined || seen['kind'] !== told['kind']) return seen;
  return unseen.reduce((all, field) => withSetting(all, field, settingAt(told, field)), seen);
}

function withSetting(spec: Spec, field: string, value: unknown): Spec {
  if (value === undefined || settingAt(spec, field) !== undefined) return spec;
  const nested = field.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return merged(spec, nested as Spec);
}
