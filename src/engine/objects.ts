// SPDX-License-Identifier: Apache-2.0
// Operators' eBPF objects, looked at before anything is changed.
import type { HookName } from '../codec/bpf/hooks.ts';
import type { ProgramObject } from '../codec/bpf/program.ts';
import type { FunctionUse } from '../kernel/ports.ts';
import type { NetObject, ObjectId } from '../model/object.ts';
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
  return desired.flatMap((other) =>
    belongs(other, program)
      ? [{ program: String(other.spec['program']), hook: other.spec['hook'] as HookName }]
      : [],
  );
}

function belongs({ class: name, netns, spec }: DesiredObject, program: DesiredObject): boolean {
  return name === 'attachment' && netns === program.netns && spec['of'] === program.key;
}
