// SPDX-License-Identifier: Apache-2.0
import { lossesOf } from '../consequences.ts';
import type { Diagnostic } from '../plan.ts';
import type { Outlook } from './outlook.ts';

/** Replaced objects, which are gone for a moment, and what goes for good although Weir did not make it. */
export function* outage({ input, actions }: Outlook): Iterable<Diagnostic> {
  const back = new Set(actions.flatMap(({ op, id }) => (op === 'remove' ? [] : [id])));
  for (const action of actions) {
    if (
      action.op !== 'remove' ||
      action.replaces === undefined ||
      (action.class !== 'link' && action.class !== 'qdisc')
    )
      continue;
    const standing = lossesOf([action], input.observed).dropped.filter(({ id }) => back.has(id)).length;
    const also = standing === 0 ? '' : `; ${standing} object${standing === 1 ? '' : 's'} on it are put back`;
    const message = `${action.id} is replaced, since ${action.replaces} cannot be changed: it carries nothing until then${also}`;
    const { id, origin } = action;
    yield { severity: 'warning', code: 'OUTAGE', message, id, ...(origin && { origin }) };
  }
  for (const { id } of lossesOf(actions, input.observed).dropped) {
    if (back.has(id) || input.owned.has(id)) continue;
    const message = `${id} is not Weir's and goes with what it stands on`;
    yield { severity: 'warning', code: 'FOREIGN_LOST', message, id };
  }
}
