// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseDocuments } from '../../../src/documents/parse.ts';
import { OBJECT_CLASSES, objectClass } from '../../../src/kinds/classes.ts';
import { ACTION_KINDS } from '../../../src/kinds/filter/action/actions.ts';
import { FILTER_KINDS } from '../../../src/kinds/filter/kinds.ts';
import { DECLARED_KINDS } from '../../../src/kinds/link/declared.ts';
import { DECLARED_QDISCS } from '../../../src/kinds/qdisc/declared.ts';
import {
  type ClassName,
  type NetObject,
  type OwnedObject,
  objectId,
  type Spec,
} from '../../../src/model/object.ts';
import { desiredObjects } from '../../../src/plan/desired.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import { type DeviceIdentity, resolveMatches } from '../../../src/plan/match.ts';
import type { Action, CallerPath, Plan, PlanInput } from '../../../src/plan/plan.ts';
import { recalled } from '../../../src/plan/recalled.ts';
import { renderPlan } from '../../../src/plan/render.ts';
import { imageOf, restorePlan } from '../../../src/plan/restore.ts';
import { settingAt } from '../../../src/plan/settings.ts';
import { carriedOut, type State } from '../../helpers/simulated-kernel.ts';

const ROOT = import.meta.dirname;
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

const folders = readdirSync(ROOT, { withFileTypes: true }).flatMap((one) =>
  one.isDirectory() ? [one.name] : [],
);

describe.each(folders)('%s', (folder) => {
  const input = inputOf(folder);
  const plan = makePlan(input);

  it('plans as recorded', () => {
    golden(folder, 'plan.txt', renderPlan(plan));
    golden(folder, 'plan.yaml', planText(plan));
  });

  it('leads to a node that needs no change, and back', () => {
    if (plan.diagnostics.some(({ severity }) => severity === 'error')) return;
    const after = carriedOut(plan.actions, input.observed);
    const owned = new Map(plan.owns.map((object) => [object.id, object]));
    expect(makePlan({ ...input, owned, observed: after }).actions).toEqual([]);
    const undo = restorePlan(imageOf(plan, input.observed), after);
    golden(folder, 'undo.yaml', stringify(undo.actions.map(stepData), { lineWidth: 0 }));
    expect(specs(carriedOut(undo.actions, after))).toEqual(specs(input.observed));
  });
});

describe('the cases', () => {
  it.each(OBJECT_CLASSES.map(({ name }) => name))('cover the class %s', (name) => {
    expect(folders.filter((folder) => folder.startsWith(`${name}-`))).not.toEqual([]);
  });

  it.each(KINDS)('cover the %s', (what, word) => {
    const texts = folders.map((folder) => optional(folder, 'plan.yaml') ?? '');
    expect(
      texts.some((text) => word.test(text)),
      `no plan with ${what}`,
    ).toBe(true);
  });
});

/** Every kind that a document may name, and how a plan shows it. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ...DECLARED_KINDS.map(({ kind }) => ['link', 'kind', kind]),
  ...DECLARED_QDISCS.map(({ kind }) => ['qdisc', 'kind', kind]),
  ...FILTER_KINDS.map(({ kind }) => ['filter', 'kind', kind]),
  ...ACTION_KINDS.map(({ kind }) => ['action', 'kind', kind]),
  ...choices('routes', 'type')
    .filter((type) => type !== 'unicast')
    .map((type) => ['route', 'type', type]),
  ...['mpls', 'ip', 'ip6', 'seg6', 'seg6local', 'bpf', 'ioam6'].map((type) => ['tunnel', 'type', type]),
  ...choices('rules', 'action').map((action) => ['rule', 'action', action]),
].map(([what, field, kind]) => [`${what} ${kind}`, new RegExp(`^ *(- )?${field}: ${kind}$`, 'm')] as const);

/** What a field of a section may say. */
function choices(section: string, field: string): readonly string[] {
  const { schema } = OBJECT_CLASSES.find((one) => one.section?.name === section)?.section ?? {};
  const { properties } = schema as unknown as {
    readonly properties: Readonly<Record<string, { readonly enum: readonly string[] }>>;
  };
  return (properties[field] as { readonly enum: readonly string[] }).enum;
}

interface ObservedItem extends Partial<Record<ClassName, Spec>> {
  readonly netns?: string;
  readonly owned?: true | { readonly declared: Spec; readonly original: Spec };
}

function inputOf(folder: string): PlanInput {
  const items = (yaml(folder, 'observed.yaml') ?? []) as readonly ObservedItem[];
  const observed = new Map<string, NetObject>();
  const owned = new Map<string, OwnedObject>();
  for (const item of items) {
    const object = objectOf(item);
    observed.set(object.id, object);
    if (item.owned !== undefined) owned.set(object.id, ownedOf(object, item.owned));
  }
  const text = optional(folder, 'desired.yaml') ?? '';
  const { documents, problems } = parseDocuments([{ name: 'desired.yaml', text }]);
  expect(problems).toEqual([]);
  const devices = (yaml(folder, 'devices.yaml') ?? []) as readonly DeviceIdentity[];
  const resolved = resolveMatches(documents, new Map([['', devices]]));
  expect(resolved.problems).toEqual([]);
  const declared = desiredObjects(resolved.documents);
  expect(declared.problems).toEqual([]);
  return {
    desired: declared.objects,
    owned,
    observed: recalled(observed, owned),
    unsupported: new Set((yaml(folder, 'unsupported.yaml') ?? []) as string[]),
    callers: (yaml(folder, 'callers.yaml') ?? []) as CallerPath[],
  };
}

function objectOf(item: ObservedItem): NetObject {
  const { netns = '', owned: _, ...rest } = item;
  const [name, spec] = Object.entries(rest)[0] as [ClassName, Spec];
  const key = objectClass(name).key(spec);
  return { id: objectId(netns, name, key), netns, class: name, key, spec };
}

function ownedOf({ spec, ...object }: NetObject, owned: NonNullable<ObservedItem['owned']>): OwnedObject {
  return owned === true
    ? { ...object, created: true, declared: spec, original: {} }
    : { ...object, created: false, ...owned };
}

function planText({ actions, adopted, owns }: Plan): string {
  const kept = owns.map(({ id, created, declared, original }) => ({ id, created, declared, original }));
  return stringify(
    { actions: actions.map(stepData), adopted, owns: kept },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

function stepData({ op, id, before, after, fields, replaces, restores }: Action): object {
  const changes = (fields ?? []).map((field) => [
    field,
    `${JSON.stringify(settingAt(before, field))} -> ${JSON.stringify(settingAt(after, field))}`,
  ]);
  return {
    [op]: id,
    ...(op === 'create' && { after }),
    ...(op === 'change' && { fields: Object.fromEntries(changes) }),
    ...(replaces !== undefined && { replaces }),
    ...(restores && { restores }),
  };
}

function specs(state: State): object {
  return Object.fromEntries([...state].map(([id, { spec }]) => [id, spec]).toSorted());
}

function golden(folder: string, name: string, text: string): void {
  const path = join(ROOT, folder, name);
  if (UPDATE) writeFileSync(path, text);
  expect(optional(folder, name) ?? `${name} is missing: run with UPDATE_GOLDEN=1`).toBe(text);
}

function optional(folder: string, name: string): string | undefined {
  const path = join(ROOT, folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function yaml(folder: string, name: string): unknown {
  const text = optional(folder, name);
  return text === undefined ? undefined : parse(text);
}
