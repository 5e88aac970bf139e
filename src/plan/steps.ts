// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import type { ObjectClass } from '../kinds/object-class.ts';
import { type NetObject, type ObjectId, objectId, type Ref, type Spec } from '../model/object.ts';
import type { Action, Origin } from './plan.ts';
import { differing } from './settings.ts';

/** An object by its name alone. */
export type ObjectName = Omit<NetObject, 'spec'>;

/** What an object shall be. */
export interface Target {
  readonly object: ObjectName;
  /** Absent: it shall not exist. */
  readonly after?: Spec;
  /** Settings in which it differs, when it exists. */
  readonly fields: readonly string[];
  readonly origin?: Origin;
}

/** The steps that make `before` (absent: no such object) what the target says; two for a replacement. */
export function stepsOf(target: Target, before: Spec | undefined): readonly Action[] {
  const { object, after, fields, origin } = target;
  const { id, netns, class: name, key } = object;
  const common = { id, netns, class: name, key, ...(origin && { origin }) };
  if (after === undefined) return before === undefined ? [] : [{ op: 'remove', ...common, before }];
  const kind = objectClass(name);
  if (before === undefined) return [appear(kind, common, after)];
  if (fields.length === 0) return [];
  const fixed = kind.fixed?.(before, after, fields) ?? [];
  if (fixed.length === 0 || kind.innate?.(before) === true)
    return [{ op: 'change', ...common, before, after, fields }];
  const replaces = fixed.join(', ');
  return [
    { op: 'remove', ...common, before, fields, replaces },
    { op: 'create', ...common, after, fields, replaces },
  ];
}

/** What nobody creates comes with something else, and is then changed. */
function appear(kind: ObjectClass, common: Omit<Action, 'op'>, after: Spec): Action {
  return kind.innate?.(after) === true
    ? { op: 'change', ...common, before: {}, after, fields: differing(kind, after, {}, false) }
    : { op: 'create', ...common, after };
}

/** Ids of what an object of these settings needs. */
export function needsOf(netns: string, kind: ObjectClass, spec: Spec): readonly ObjectId[] {
  const refs = kind.needs(spec);
  const [only] = refs;
  if (refs.length !== 1 || only === undefined) return refs.map((ref) => objectId(netns, ref.class, ref.key));
  // thousands of routes in a row need the same device
  if (last.netns !== netns || last.class !== only.class || last.key !== only.key)
    last = { netns, ...only, ids: [objectId(netns, only.class, only.key)] };
  return last.ids;
}

let last: Ref & { readonly netns: string; readonly ids: readonly ObjectId[] } = {
  netns: '',
  class: 'link',
  key: '',
  ids: [],
};
