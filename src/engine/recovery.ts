// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../base/errors.ts';
import type { Engine } from './engine.ts';

/** Revisions that are tried after a start of the machine: the last one, and two before it. */
const CANDIDATES = 3;

/**
 * Finish what an earlier run left, before the agent says that it is ready: undo a change that is neither confirmed nor
 * undone and, when the machine was started anew, bring back the last confirmed revision, or the one before if that is
 * refused. What went wrong is in the status. Never rejects.
 */
export async function recover(engine: Engine): Promise<void> {
  const { journal, parts } = engine;
  try {
    await engine.recoverOpen('the agent ended before anybody confirmed it');
    if (journal.current !== 0 && journal.boot !== parts.boot) await bringBack(engine);
  } catch (error) {
    engine.problem = messageOf(error);
    parts.warn(`recovery: ${messageOf(error)}`);
  }
}

async function bringBack(engine: Engine): Promise<void> {
  const { current } = engine.journal;
  const candidates = [current, ...engine.journal.confirmedBefore(current)].slice(0, CANDIDATES);
  const problems: string[] = [];
  for (const revision of candidates) {
    const problem = await tryOne(engine, revision);
    if (problem === undefined) {
      if (problems.length > 0) engine.problem = `${problems.join('; ')}; revision ${revision} holds instead`;
      return;
    }
    problems.push(`revision ${revision} could not be applied at the start: ${problem}`);
    engine.parts.warn(problems.at(-1) as string);
  }
  engine.problem = problems.join('; ');
}

async function tryOne(engine: Engine, revision: number): Promise<string | undefined> {
  try {
    const { status, error } = await engine.restoreDocuments(revision, 'start of the machine');
    if (status === 'unchanged') engine.journal.holdsIn(engine.parts.boot);
    return status === 'unchanged' || status === 'confirmed' ? undefined : (error ?? status);
  } catch (error) {
    return messageOf(error);
  }
}
