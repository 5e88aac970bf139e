// SPDX-License-Identifier: Apache-2.0
// Whose an object is, and which of its settings return when no document declares them any more.
import { objectClass } from '../kinds/classes.ts';
import type { NetObject, OwnedObject, Spec } from '../model/object.ts';
import type { DesiredObject } from './plan.ts';
import { isEmpty, merged, picked, sameValue, without } from './settings.ts';

const NOTHING: Spec = {};

/** How a declared object stands to what is there. */
export type Claim = 'absent' | 'ours' | 'shared' | 'adopt' | 'conflict';

/**
 * `ours`: Weir made it or took it over. `shared`: it exists by itself, and Weir changes the declared settings.
 * The protocol `weir` marks what Weir made even where the journal has been lost.
 */
export function claimOf(
  desired: DesiredObject,
  owned: OwnedObject | undefined,
  seen: NetObject | undefined,
): Claim {
  if (objectClass(desired.class).innate?.(desired.spec) === true) return 'shared';
  if (seen === undefined) return 'absent';
  if (owned !== undefined || seen.spec['protocol'] === 'weir') return 'ours';
  return desired.adopt ? 'adopt' : 'conflict';
}

/** What Weir knows of the object once the plan is carried out. */
export function ownedAfter(
  desired: DesiredObject,
  owned: OwnedObject | undefined,
  seen: NetObject | undefined,
  claim: Claim,
): OwnedObject {
  if (owned !== undefined && claim !== 'absent' && sameValue(owned.declared, desired.spec)) return owned;
  const { id, netns, class: name, key, spec: declared } = desired;
  const created = claim === 'absent' || (claim === 'ours' && owned?.created !== false);
  const original = originalOf(desired, owned, seen, claim);
  return { id, netns, class: name, key, created, declared, original };
}

function originalOf(
  desired: DesiredObject,
  owned: OwnedObject | undefined,
  seen: NetObject | undefined,
  claim: Claim,
): Spec {
  if (claim === 'absent' || seen === undefined) return NOTHING;
  if (objectClass(desired.class).compare === 'whole')
    return claim === 'adopt' ? seen.spec : (owned?.original ?? NOTHING);
  const before = owned === undefined ? seen.spec : owned.original;
  if (claim !== 'shared' && isOfAnotherKind(before, desired.spec)) return before;
  if (owned === undefined) return claim === 'ours' ? NOTHING : picked(seen.spec, desired.spec);
  const isNew = without(desired.spec, owned.declared);
  return merged(picked(owned.original, desired.spec), picked(seen.spec, isNew));
}

/** True where an object of another kind took the place: of the one before, all settings are kept. */
export function isOfAnotherKind(before: Spec, after: Spec): boolean {
  return before['kind'] !== undefined && after['kind'] !== undefined && before['kind'] !== after['kind'];
}

/**
 * The settings that the object shall have where its document is silent by now: those from before Weir's first change.
 * @param declared What documents declare now.
 */
export function returned(
  seen: Spec,
  owned: OwnedObject,
  declared: Spec,
): { readonly spec: Spec; readonly dropped: Spec } {
  const dropped = droppedSettings(owned, declared);
  if (isEmpty(dropped)) return { spec: seen, dropped };
  return { spec: merged(without(seen, dropped), picked(owned.original, dropped)), dropped };
}

function droppedSettings({ class: name, declared: before, original }: OwnedObject, declared: Spec): Spec {
  const { identity = [], lasting = false } = objectClass(name);
  const kept = Object.fromEntries(identity.map((field) => [field, before[field]]));
  const dropped = without(without(before, declared), kept);
  return lasting ? picked(dropped, original) : dropped;
}
