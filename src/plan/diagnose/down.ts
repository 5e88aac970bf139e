// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../../kinds/classes.ts';
import type { Diagnostic } from '../plan.ts';
import { needsOf } from '../steps.ts';
import type { Outlook } from './outlook.ts';

/** Routes and nexthops over a device that is down in the end: the kernel refuses or drops them. */
export function* down(outlook: Outlook): Iterable<Diagnostic> {
  const links = outlook.after('link');
  if (![...links.values()].some(({ spec }) => spec['state'] === 'down')) return;
  for (const { id, netns, class: name, spec, origin } of outlook.input.desired) {
    if (name !== 'route' && name !== 'nexthop') continue;
    for (const need of needsOf(netns, objectClass(name), spec)) {
      if (links.get(need)?.spec['state'] !== 'down') continue;
      const message = `${id} needs ${need} up, and it is down: declare it with \`state: up\``;
      yield { severity: 'error', code: 'DOWN', message, id, origin };
    }
  }
}
