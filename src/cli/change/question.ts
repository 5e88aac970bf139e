// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';

/** True when somebody sits there who can be asked. */
export function canAsk({ deps, output }: Context): boolean {
  return output === 'table' && deps.stdin.isTTY === true && deps.stdout.isTTY === true;
}

/** Ask on standard error; the answer is the line that is typed. `undefined` when the question ended without one. */
export async function ask(
  { deps }: Context,
  question: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<string | undefined> {
  const lines = createInterface({ input: deps.stdin, output: deps.stderr, terminal: false });
  // The end of the input, ^D, is an answer too.
  const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
  try {
    const typed = lines.question(question, { signal }).catch(() => undefined);
    return (await Promise.race([typed, ended]))?.trim().toLowerCase();
  } finally {
    lines.close();
  }
}

/** Milliseconds in which everything that was typed before arrives. */
const TYPE_AHEAD_MS = 100;

/** Throw away what was typed while nobody asked: an impatient Enter must not answer the next question. */
export async function discardTypeAhead({ deps: { stdin } }: Context): Promise<void> {
  const ignore = (): void => {};
  stdin.on('data', ignore).resume();
  await sleep(TYPE_AHEAD_MS);
  stdin.off('data', ignore).pause();
}
