// SPDX-License-Identifier: Apache-2.0
// From documents to a plan. The pure part is plan's; this is what is read for it, and when.
import { WeirError } from '../base/errors.ts';
import { objectClass } from '../kinds/classes.ts';
import type { ObjectClass } from '../kinds/object-class.ts';
import type { NetObject, ObjectId, OwnedObject, StateReader } from '../model/object.ts';
import { desiredObjects } from '../plan/desired.ts';
import { disturbedBy } from '../plan/disturbed.ts';
import { differencesIn, makePlan } from '../plan/make-plan.ts';
import type { Action, CallerPath, DesiredObject, Image, Plan } from '../plan/plan.ts';
import { recalled } from '../plan/recalled.ts';
import { renderPlan } from '../plan/render.ts';
import { imageOf } from '../plan/restore.ts';
import type { DocumentSet } from './documents.ts';
import type { Features } from './features.ts';
import type { Scope } from './latest.ts';
import { assumingProfiles } from './profiles.ts';
import { Wanted } from './wanted.ts';

type Observed = ReadonlyMap<ObjectId, NetObject>;
type Owned = ReadonlyMap<ObjectId, OwnedObject>;

/** A plan with what it was made from. */
export interface Prepared {
  readonly plan: Plan;
  readonly desired: readonly DesiredObject[];
  readonly observed: Observed;
  /** What was owned before, of what the plan is about. */
  readonly owned: Owned;
  /** What the plan is about; absent for everything. */
  readonly scope?: Scope;
}

/** What a plan is for. */
export interface PlanTask {
  readonly documents: DocumentSet;
  readonly scope: Scope | undefined;
  readonly owned: Owned;
  readonly callers: readonly CallerPath[];
  readonly releases: boolean;
}

/** The objects that documents declare. @param others What documents beside them declare. @throws {WeirError} `DOCUMENT` with every mistake. */
export function declaredBy(
  documents: DocumentSet,
  others?: (id: ObjectId) => DesiredObject | undefined,
): readonly DesiredObject[] {
  const { objects, problems } = desiredObjects(documents, others);
  const [first] = problems;
  if (first === undefined) return objects;
  const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`;
  throw new WeirError('DOCUMENT', { count, first: `${first.path}: ${first.problem}` }, { problems });
}

/** Read what a plan for these documents is about, and plan. */
export async function preparePlan(
  reader: StateReader,
  features: Features,
  { documents, scope, owned: all, callers, releases }: PlanTask,
): Promise<Prepared> {
  const desired = scope?.desired ?? declaredBy(documents);
  const owned = scope === undefined ? all : ownedIn(all, scope.ids);
  const observed = recalled(await observe(reader, desired, owned), owned);
  const unsupported = await features.missing(neededFeatures(desired, observed));
  const plan = makePlan({ desired, owned, observed, unsupported, callers, releases });
  return { plan, desired, observed, owned, ...(scope && { scope }) };
}

function ownedIn(owned: Owned, ids: ReadonlySet<ObjectId>): Owned {
  const found = new Map<ObjectId, OwnedObject>();
  for (const id of ids) {
    const object = owned.get(id);
    if (object !== undefined) found.set(id, object);
  }
  return found;
}

/** What leads from a node that is as `from` says to one that is as `to` says, without looking at any. */
export function planBetween(from: DocumentSet, to: DocumentSet): Plan {
  const nowhere = { owned: new Map(), observed: new Map(), unsupported: new Set<string>(), callers: [] };
  const { owns } = makePlan({ ...nowhere, desired: declaredBy(assumingProfiles(from)) });
  const owned = new Map(owns.map((object) => [object.id, object]));
  const observed = new Map(owns.map(({ declared: spec, ...object }) => [object.id, { ...object, spec }]));
  return makePlan({ ...nowhere, desired: declaredBy(assumingProfiles(to)), owned, observed });
}

/** What differs from `plan` once it has been carried out; nothing when all is as it shall be. */
export async function differences(
  reader: StateReader,
  desired: readonly DesiredObject[],
  plan: Plan,
): Promise<readonly Action[]> {
  // of a narrowed plan the other objects are not what it is about
  const about = new Set(desired.map(({ id }) => id));
  const owned = new Map(plan.owns.filter(({ id }) => about.has(id)).map((object) => [object.id, object]));
  const wanted = new Wanted();
  for (const object of desired) wanted.addWithNeeds(object);
  for (const action of plan.actions) wanted.add(action);
  const observed = await wanted.read(reader);
  const left = differencesIn({ desired, owned, observed: recalled(observed, owned) });
  return [...left, ...stillThere(plan, observed)];
}

/** What leads from what is there to what these objects shall be. */
export async function driftOf(
  reader: StateReader,
  desired: readonly DesiredObject[],
  owned: Owned,
): Promise<readonly Action[]> {
  const wanted = new Wanted();
  for (const object of desired) wanted.addWithNeeds(object);
  const own = new Map(
    desired.flatMap(({ id }) => [owned.get(id)].map((one) => [id, one] as const)).filter(hasOwner),
  );
  const observed = recalled(await wanted.read(reader), own);
  return makePlan({ desired, owned: own, observed, unsupported: new Set(), callers: [] }).actions;
}

function hasOwner(
  entry: readonly [ObjectId, OwnedObject | undefined],
): entry is readonly [ObjectId, OwnedObject] {
  return entry[1] !== undefined;
}

/** The part of a plan that is about these objects alone. */
export function narrowed({ plan, desired, ...rest }: Prepared, ids: ReadonlySet<ObjectId>): Prepared {
  const actions = plan.actions.filter(({ id, restores }) => ids.has(id) || restores === true);
  return { plan: { ...plan, actions }, desired: desired.filter(({ id }) => ids.has(id)), ...rest };
}

/** What the way back from `plan` needs. */
export function imageFor({ plan, observed }: Prepared): Image {
  return imageOf(plan, observed);
}

/** The plan as the history shows it. */
export function planText(plan: Plan): string {
  return renderPlan(plan, { color: false });
}

async function observe(
  reader: StateReader,
  desired: readonly DesiredObject[],
  owned: Owned,
): Promise<Observed> {
  const wanted = new Wanted();
  for (const object of desired) wanted.addWithNeeds(object);
  for (const object of owned.values()) wanted.add(object);
  const required = new Set<string>();
  for (const { netns } of desired) required.add(netns);
  const observed = await wanted.read(reader, { required });
  const disturbed = disturbedBy({ desired, owned, observed });
  return disturbed.size === 0 ? observed : wanted.read(reader, { required, disturbed });
}

/** What is there needs no proof: asked for is what objects that are to be made, or settings that are new, need. */
function neededFeatures(desired: readonly DesiredObject[], observed: Observed): ReadonlySet<string> {
  const features = new Set<string>();
  for (const { id, class: name, spec } of desired) {
    const { requires } = objectClass(name);
    const needed = featuresOf(requires?.(spec));
    if (needed.length === 0) continue;
    const there = observed.get(id)?.spec;
    const proved = there === undefined ? NO_FEATURES : featuresOf(requires?.(there));
    for (const feature of needed) if (!proved.includes(feature)) features.add(feature);
  }
  return features;
}

function featuresOf(required: ReturnType<NonNullable<ObjectClass['requires']>>): readonly string[] {
  return required === undefined ? NO_FEATURES : [required].flat().map(({ feature }) => feature);
}

const NO_FEATURES: readonly string[] = [];

/** Objects that were to be removed and are there. */
function stillThere({ actions }: Plan, observed: Observed): readonly Action[] {
  const kept = new Set(actions.filter(({ op }) => op !== 'remove').map(({ id }) => id));
  return actions.filter(({ op, id }) => op === 'remove' && !kept.has(id) && observed.has(id));
}
