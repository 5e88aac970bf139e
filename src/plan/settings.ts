// SPDX-License-Identifier: Apache-2.0
// Comparing and joining the settings of objects. Nested settings are named by dotted paths: `bridge.forward_delay`.
import type { ObjectClass } from '../kinds/object-class.ts';
import type { Spec } from '../model/object.ts';

/** Deep equality of plain JSON values. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  return !Array.isArray(b) && sameSettings(a as Spec, b as Spec);
}

function sameSettings(a: Spec, b: Spec): boolean {
  let count = 0;
  for (const name in a) {
    if (!sameValue(a[name], b[name])) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

/**
 * Names of the settings in which an object differs from what is wanted.
 * @param exact Settings that are there and not wanted differ, too; otherwise only the wanted ones count.
 */
export function differing(kind: ObjectClass, wanted: Spec, seen: Spec, exact: boolean): readonly string[] {
  const found: string[] = [];
  collect(kind, wanted, seen, exact, '', found);
  return found;
}

function collect(
  kind: ObjectClass,
  wanted: Spec,
  seen: Spec,
  exact: boolean,
  prefix: string,
  found: string[],
): void {
  for (const name in wanted) {
    const want = wanted[name];
    const see = seen[name];
    if (want === see || want === undefined) continue;
    if (nests(kind, want) && (see === undefined || nests(kind, see)))
      collect(kind, want, see ?? {}, exact, `${prefix}${name}.`, found);
    else if (!agree(kind, `${prefix}${name}`, want, see)) found.push(`${prefix}${name}`);
  }
  if (!exact) return;
  for (const name in seen) {
    const extra = wanted[name] === undefined && seen[name] !== undefined;
    if (extra && !stays(kind, `${prefix}${name}`, seen[name])) found.push(`${prefix}${name}`);
  }
}

function agree(kind: ObjectClass, field: string, wanted: unknown, seen: unknown): boolean {
  if (sameValue(wanted, seen)) return true;
  return seen !== undefined && kind.agrees?.(field, wanted, seen) === true;
}

/** True for a value that the kernel finds itself where nothing was declared. */
function stays(kind: ObjectClass, field: string, seen: unknown): boolean {
  return kind.compare === 'whole' && kind.agrees?.(field, undefined, seen) === true;
}

/** Of a class whose settings are compared one by one, those inside an object are so, too. */
function nests(kind: ObjectClass, value: unknown): value is Spec {
  return kind.compare === 'declared' && isSettings(value);
}

/** True for an object of named values. */
export function isSettings(value: unknown): value is Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `base` with the settings of `over` in place of its own. */
export function merged(base: Spec, over: Spec): Spec {
  const out: Record<string, unknown> = { ...base };
  for (const name in over) {
    const [old, value] = [out[name], over[name]];
    out[name] = isSettings(old) && isSettings(value) ? merged(old, value) : value;
  }
  return out;
}

/** The settings of `spec` that have a name in `shape`. */
export function picked(spec: Spec, shape: Spec): Spec {
  const out: Record<string, unknown> = {};
  for (const name in shape) {
    const [value, inner] = [spec[name], shape[name]];
    if (isSettings(value) && isSettings(inner)) out[name] = picked(value, inner);
    else if (value !== undefined) out[name] = value;
  }
  return out;
}

/** The settings of `spec` that have no name in `shape`. */
export function without(spec: Spec, shape: Spec): Spec {
  const out: Record<string, unknown> = {};
  for (const name in spec) {
    const [value, inner] = [spec[name], shape[name]];
    if (inner === undefined) out[name] = value;
    else if (isSettings(value) && isSettings(inner)) {
      const rest = without(value, inner);
      if (!isEmpty(rest)) out[name] = rest;
    }
  }
  return out;
}

/** The value of a setting by its dotted name. */
export function settingAt(spec: Spec | undefined, field: string): unknown {
  if (spec === undefined) return undefined;
  if (Object.hasOwn(spec, field)) return spec[field];
  let value: unknown = spec;
  for (const name of field.split('.')) value = isSettings(value) ? value[name] : undefined;
  return value;
}

/** True without settings. */
export function isEmpty(spec: Spec): boolean {
  for (const _ in spec) return false;
  return true;
}
