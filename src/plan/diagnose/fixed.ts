// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../../kinds/classes.ts';
import type { Diagnostic } from '../plan.ts';
import { isEmpty } from '../settings.ts';
import type { Outlook } from './outlook.ts';

/** Settings that could only change with the object replaced, of an object that nobody can create. */
export function* fixed({ actions }: Outlook): Iterable<Diagnostic> {
  for (const { op, id, class: name, before, after, fields, origin } of actions) {
    const kind = objectClass(name);
    if (op !== 'change' || before === undefined || after === undefined) continue;
    // What comes with something else has no settings before.
    if (isEmpty(before) || kind.innate?.(before) !== true) continue;
    const names = kind.fixed?.(before, after, fields ?? []) ?? [];
    if (names.length === 0) continue;
    const message = `${id}: ${kind.refusal?.(before, after, names) ?? unchangeable(names)}`;
    yield { severity: 'error', code: 'FIXED', message, id, ...(origin && { origin }) };
  }
}

function unchangeable(names: readonly string[]): string {
  return `${names.join(', ')} cannot be changed, and it cannot be created anew: leave it as it is`;
}
