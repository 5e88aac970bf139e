// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import type { NetObject, ObjectId, OwnedObject, Spec } from '../model/object.ts';
import { merged, settingAt } from './settings.ts';

/** What is there, with the settings that the kernel keeps to itself as documents declared them last. */
export function recalled(
  observed: ReadonlyMap<ObjectId, NetObject>,
  owned: ReadonlyMap<ObjectId, OwnedObject>,
): ReadonlyMap<ObjectId, NetObject> {
  const known = new Map(observed);
  for (const { id, class: name, declared } of owned.values()) {
    const unseen = objectClass(name).unseen;
    const seen = observed.get(id);
    if (unseen === undefined || seen === undefined || seen.spec['kind'] !== declared['kind']) continue;
    const spec = unseen.reduce(
      (all, field) => withSetting(all, field, settingAt(declared, field)),
      seen.spec,
    );
    if (spec !== seen.spec) known.set(id, { ...seen, spec });
  }
  return known;
}

function withSetting(spec: Spec, field: string, value: unknown): Spec {
  if (value === undefined || settingAt(spec, field) !== undefined) return spec;
  const nested = field.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return merged(spec, nested as Spec);
}
