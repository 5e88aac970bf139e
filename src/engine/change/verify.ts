// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { Action } from '../../plan/plan.ts';

/** Milliseconds between looks at what may still settle: operstate, duplicate address detection. */
const SETTLE_MS = [20, 50, 100, 250, 500, 1_000];

/** Look until nothing differs any more, or for about two seconds. @returns what still differs. */
export async function settled(look: () => Promise<readonly Action[]>): Promise<readonly Action[]> {
  let differing = await look();
  for (const pause of SETTLE_MS) {
    if (differing.length === 0) break;
    await delay(pause);
    differing = await look();
  }
  return differing;
}

/** Names what differs, as far as a person wants to read it. */
export function nameSome(names: readonly string[]): string {
  const some = [...new Set(names)];
  return some.length <= 5 ? some.join(', ') : `${some.slice(0, 5).join(', ')} and ${some.length - 5} more`;
}
