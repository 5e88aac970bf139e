// SPDX-License-Identifier: Apache-2.0
import type { NetObject, Spec } from '../../model/object.ts';
import type { Diagnostic } from '../plan.ts';
import type { Outlook } from './outlook.ts';

/** A default route that goes without another in its place. */
export function* defaultRoute(outlook: Outlook): Iterable<Diagnostic> {
  for (const { op, id, netns, key, before } of outlook.steps('route')) {
    if (op !== 'remove' || before === undefined || !isDefault(before)) continue;
    const same = (route: NetObject) =>
      route.netns === netns && route.spec['dst'] === before['dst'] && route.spec['table'] === before['table'];
    if ([...outlook.after('route').values()].some(same)) continue;
    const message = `the default route ${key} is removed, and no other is declared`;
    yield { severity: 'warning', code: 'DEFAULT_ROUTE', message, id };
  }
}

function isDefault(spec: Spec): boolean {
  return spec['dst'] === 'default' || spec['dst'] === '::/0';
}
