// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../kinds/classes.ts';
import { type NetObject, type ObjectId, type OwnedObject, objectId, type Spec } from '../model/object.ts';
import { basesOf } from './consequences.ts';
import { diagnose } from './diagnose/diagnose.ts';
import { ordered } from './order.ts';
import { type Claim, claimOf, isOfAnotherKind, ownedAfter, returned } from './ownership.ts';
import type { Action, DesiredObject, Diagnostic, Plan, PlanInput } from './plan.ts';
import { withRestored } from './put-back.ts';
import { differing, merged } from './settings.ts';
import { stepsOf } from './steps.ts';

/**
 * What has to be done so that the node is as the documents say. Pure: the same input gives the same plan.
 * An input that cannot be carried out gives diagnostics of severity `error` and the plan without those objects.
 */
export function makePlan(input: PlanInput): Plan {
  const { actions, diagnostics, ...rest } = draft(input);
  const whole = ordered(withRestored(actions, input.observed, input.desired), input.observed);
  return { ...rest, actions: whole, diagnostics: [...diagnostics, ...diagnose(input, whole)] };
}

/** What differs from the documents, in no order and without what it leads to: enough to see whether anything does. */
export function differencesIn(input: DraftInput): readonly Action[] {
  return draft(input).actions;
}

type DraftInput = Pick<PlanInput, 'desired' | 'owned' | 'observed' | 'releases'>;

function draft(input: DraftInput): Plan {
  const actions: Action[] = [];
  const owns: OwnedObject[] = [];
  const adopted: ObjectId[] = [];
  const diagnostics: Diagnostic[] = [];
  let known = 0;
  for (const desired of input.desired) {
    const owned = input.owned.get(desired.id);
    if (owned !== undefined) known++;
    const seen = input.observed.get(desired.id);
    const claim = claimOf(desired, owned, seen);
    if (claim === 'conflict') {
      diagnostics.push(conflict(desired));
      continue;
    }
    if (claim === 'adopt') adopted.push(desired.id);
    owns.push(ownedAfter(desired, owned, seen, claim));
    for (const step of stepsTo(desired, owned, seen, claim)) actions.push(joiningBond(step, input));
  }
  if (known < input.owned.size) for (const step of stepsAway(input)) actions.push(step);
  return { actions, diagnostics, adopted, owns };
}

function conflict({ id, origin }: DesiredObject): Diagnostic {
  const message = `${id} exists and is not Weir's: declare it with \`adopt: true\` to take it over, or remove it`;
  return { severity: 'error', code: 'CONFLICT', message, id, origin };
}

function stepsTo(
  desired: DesiredObject,
  owned: OwnedObject | undefined,
  seen: NetObject | undefined,
  claim: Claim,
): readonly Action[] {
  const { spec, origin } = desired;
  if (seen === undefined) return stepsOf({ object: desired, after: spec, fields: [], origin }, undefined);
  const kind = objectClass(desired.class);
  if (kind.compare === 'whole') {
    const after = claim === 'ours' || claim === 'adopt' ? keepingProtocol(spec, seen.spec, owned) : spec;
    const fields = differing(kind, after, seen.spec, true);
    return fields.length === 0 ? [] : stepsOf({ object: desired, after, fields, origin }, seen.spec);
  }
  let fields = differing(kind, spec, seen.spec, false);
  let base = seen.spec;
  if (owned !== undefined && owned.declared !== spec) {
    const { spec: rest, dropped } = returned(base, owned, spec);
    if (rest !== base) {
      const back = differing(kind, rest, base, true).filter((field) => settingNamed(dropped, field));
      fields = [...fields, ...back];
      base = rest;
    }
  }
  if (fields.length === 0) return [];
  const after = ofItsMaster(joined(base, spec), seen.spec, spec);
  return stepsOf({ object: desired, after, fields, origin }, seen.spec);
}

/** Settings of another kind of object say nothing about this one. */
function joined(base: Spec, spec: Spec): Spec {
  return spec['kind'] !== undefined && base['kind'] !== spec['kind'] ? spec : merged(base, spec);
}

/** Settings of a port are part of its master: under another one, or under none, only those count that `own` gives. */
function ofItsMaster(after: Spec, seen: Spec, own: Spec): Spec {
  if (after['master'] === seen['master']) return after;
  const { port: _, ...rest } = after;
  return own['port'] === undefined ? rest : { ...rest, port: own['port'] };
}

/** The step of a device that joins a bond says so: a bond takes only ports that are down. */
function joiningBond(step: Action, { desired, observed }: Pick<PlanInput, 'desired' | 'observed'>): Action {
  const { before, after } = step;
  if (step.class !== 'link' || before === undefined || after?.['master'] === undefined) return step;
  if (before['master'] === after['master'] || after['port'] !== undefined) return step;
  const id = objectId(step.netns, 'link', String(after['master']));
  const master = desired.find((one) => one.id === id)?.spec ?? observed.get(id)?.spec;
  return master?.['kind'] === 'bond' ? { ...step, after: { ...after, port: { kind: 'bond' } } } : step;
}

/** What was taken over keeps the protocol that its maker gave it, since taking over changes nothing. */
function keepingProtocol(spec: Spec, seen: Spec, owned: OwnedObject | undefined): Spec {
  if (spec['protocol'] !== 'weir' || seen['protocol'] === 'weir' || owned?.created === true) return spec;
  const { protocol: _, ...rest } = spec;
  return seen['protocol'] === undefined ? rest : { ...rest, protocol: seen['protocol'] };
}

function settingNamed(dropped: Spec, field: string): boolean {
  let value: unknown = dropped;
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return value !== dropped;
    value = (value as Record<string, unknown>)[name];
  }
  return true;
}

/** Of objects that no document declares any more: they go, or get back what Weir changed. */
function stepsAway({ desired, owned, observed, releases = false }: DraftInput): readonly Action[] {
  const declared = new Set(desired.map(({ id }) => id));
  const steps: Action[] = [];
  const gone = new Set<ObjectId>();
  const changed: (readonly [OwnedObject, NetObject])[] = [];
  for (const known of owned.values()) {
    if (declared.has(known.id)) continue;
    const seen = observed.get(known.id);
    if (seen === undefined) continue;
    const { innate } = objectClass(known.class);
    // a device that is declared without its kind is there by itself, whatever the kernel says that it is
    const itself = innate?.(seen.spec) === true || innate?.(known.declared) === true;
    if ((known.created || !releases) && !itself) {
      gone.add(known.id);
      steps.push(...stepsOf({ object: seen, fields: [] }, seen.spec));
    } else changed.push([known, seen]);
  }
  for (const [known, seen] of changed)
    if (!basesOf(seen).some((id) => gone.has(id))) steps.push(...stepsBack(known, seen));
  return steps;
}

function stepsBack(owned: OwnedObject, seen: NetObject): readonly Action[] {
  const kind = objectClass(owned.class);
  const isWhole = kind.compare === 'whole' || isOfAnotherKind(owned.original, seen.spec);
  const after = isWhole ? owned.original : returned(seen.spec, owned, {}).spec;
  const fields = differing(kind, after, seen.spec, true);
  if (fields.length === 0) return [];
  return stepsOf({ object: seen, after: ofItsMaster(after, seen.spec, owned.original), fields }, seen.spec);
}
