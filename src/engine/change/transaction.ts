// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../base/errors.ts';
import type { OwnedObject, Spec } from '../../model/object.ts';
import type { Action, DesiredObject, Image, Plan } from '../../plan/plan.ts';
import { masked } from '../../plan/report.ts';
import { settingAt } from '../../plan/settings.ts';
import type { Journal } from '../journal/journal.ts';
import type { EngineParts } from '../parts.ts';
import { differences } from '../planning.ts';
import { failedProbes, type Probes } from '../probe/run.ts';
import type { Progress } from './progress.ts';
import type { ChangeReport } from './report.ts';
import { restore } from './rollback.ts';
import { nameSome, settled } from './verify.ts';

/** A change that is in the journal: what is to be done, and what is to be after it. */
export interface Transaction {
  readonly plan: Plan;
  readonly desired: readonly DesiredObject[];
  readonly probes: Probes;
  readonly progress: Progress;
}

/** How a rollback ended. */
export type Undone =
  | { readonly status: 'rolled-back' }
  | { readonly status: 'rollback-failed'; readonly leftovers: string[] };

/**
 * Execute, read back and probe.
 * @returns what went wrong, in words; undefined when the node is as the plan says.
 */
export async function carryOut(parts: EngineParts, change: Transaction): Promise<string | undefined> {
  const { plan, desired, probes, progress } = change;
  const { actions } = plan;
  try {
    progress.phase('execute', actions.length);
    const step = (done: number) => progress.step(done, actions.length);
    const [failure] = await parts.executor.execute(actions, { progress: step });
    if (failure !== undefined) return messageOf(failure.error);
    progress.phase('verify');
    const left = await settled(() => differences(parts.reader, desired, plan));
    if (left.length > 0) return `the kernel did not keep what it was told: ${nameSome(left.map(told))}`;
    progress.phase('probe');
    const failed = failedProbes(await probes.after());
    return failed.length === 0 ? undefined : `the node cannot be reached as before: ${failed.join('; ')}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Bring the image back, and record how that went. `error` is why. Never rejects for what the kernel says. */
export async function undo(
  parts: EngineParts,
  journal: Journal,
  progress: Progress,
  error: string,
): Promise<Undone> {
  journal.advance('rolling-back');
  progress.phase('rolling-back', 0, 'rolling-back');
  const leftovers = await leftoversOf(parts, journal.image(), progress);
  if (leftovers.length === 0) {
    journal.rolledBack(error);
    progress.end('rolled-back', error);
    return { status: 'rolled-back' };
  }
  const both = `${error}; not undone: ${nameSome(leftovers)}`;
  journal.rollbackFailed(both);
  progress.end('rollback-failed', both);
  return { status: 'rollback-failed', leftovers: [...leftovers] };
}

async function leftoversOf(parts: EngineParts, image: Image, progress: Progress): Promise<readonly string[]> {
  try {
    return await restore(parts, image, (done, total) => progress.step(done, total));
  } catch (error) {
    return [messageOf(error)];
  }
}

function told({ id, op, class: name, fields = [], before = {}, after }: Action): string {
  if (op === 'create') return `${id} is missing`;
  if (op === 'remove') return `${id} is still there`;
  const [is, shall] = [before, after].map((spec) => masked(name, spec ?? {}));
  const each = fields.map((field) => `${field}: ${said(is, field)} instead of ${said(shall, field)}`);
  return `${id} differs in ${each.join(', ')}`;
}

function said(spec: Spec | undefined, field: string): string {
  const value = settingAt(spec, field);
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '(none)');
}

/** What changes of the owned objects, as the journal keeps it. */
export function ownedDelta(
  before: ReadonlyMap<string, OwnedObject>,
  after: readonly OwnedObject[],
): Map<string, OwnedObject | null> {
  const delta = new Map<string, OwnedObject | null>();
  const kept = new Set<string>();
  for (const object of after) {
    kept.add(object.id);
    const was = before.get(object.id);
    if (was !== object && (was === undefined || JSON.stringify(was) !== JSON.stringify(object)))
      delta.set(object.id, object);
  }
  for (const id of before.keys()) if (!kept.has(id)) delta.set(id, null);
  return delta;
}

/** What could not be undone, for the report. */
export function leftovers(undone: Undone): Pick<ChangeReport, 'leftovers'> {
  return undone.status === 'rolled-back' ? {} : { leftovers: undone.leftovers };
}
