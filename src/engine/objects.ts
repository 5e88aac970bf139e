// SPDX-License-Identifier: Apache-2.0
// Operators' eBPF objects, looked at before anything is changed.
import type { HookName } from '../codec/bpf/hooks.ts';
import type { ProgramAttachment, ProgramObject } from '../codec/bpf/program.ts';
import type { FunctionUse } from '../kernel/ports.ts';
import { ownedProgramIn } from '../kinds/filter/owned-program.ts';
import type { NetObject, ObjectId, Spec } from '../model/object.ts';
import type { DesiredObject } from '../plan/plan.ts';
import { sameValue } from '../plan/settings.ts';
import type { EngineParts } from './parts.ts';

/**
 * Look at the objects of those programs that are not in the kernel as they are declared.
 * @param load Have the kernel verify them, too.
 * @throws {WeirError} what the first one is refused for.
 */
export async function checkObjects(
  { programs }: Pick<EngineParts, 'programs'>,
  desired: readonly DesiredObject[],
  observed: ReadonlyMap<ObjectId, NetObject>,
  load: boolean,
): Promise<void> {
  for (const one of desired) {
    if (one.class !== 'program') continue;
    const uses = usesOf(one, desired);
    const isNew = !sameValue(one.spec, observed.get(one.id)?.spec);
    const isUsedAnew = desired.some((other) => belongs(other, one) && !observed.has(other.id));
    if (isNew || isUsedAnew) await programs.check(one.spec as unknown as ProgramObject, uses, load && isNew);
  }
}

function usesOf(program: DesiredObject, desired: readonly DesiredObject[]): readonly FunctionUse[] {
  return desired.flatMap((other) => (belongs(other, program) ? [useOf(other)] : []));
}

function useOf({ spec }: DesiredObject): FunctionUse {
  const owned = ownedProgramIn(pinnedBy(spec));
  if (owned === undefined) {
    const { program, hook, function: of } = spec as unknown as ProgramAttachment;
    return { program, hook, ...(of !== undefined && { function: of }) };
  }
  return { program: owned.program, hook: `clsact-${spec['parent']}` as HookName };
}

function belongs({ class: name, netns, spec }: DesiredObject, program: DesiredObject): boolean {
  if (netns !== program.netns) return false;
  if (name === 'attachment') return spec['of'] === program.key;
  return name === 'filter' && ownedProgramIn(pinnedBy(spec))?.of === program.key;
}

function pinnedBy(spec: Spec): unknown {
  return (spec['bpf'] as Spec | undefined)?.['pinned'];
}
