// SPDX-License-Identifier: Apache-2.0
import { didYouMean } from '../../base/suggest.ts';
import { objectClass } from '../../kinds/classes.ts';
import { type NetObject, type ObjectId, objectId } from '../../model/object.ts';
import type { Diagnostic } from '../plan.ts';
import { needsOf } from '../steps.ts';
import type { Outlook } from './outlook.ts';

/** Declared objects that need something that neither exists nor is declared, or that the plan removes. */
export function* missing(outlook: Outlook): Iterable<Diagnostic> {
  const { input, actions } = outlook;
  const { desired, observed } = input;
  let ids: ReadonlySet<ObjectId> | undefined;
  const isDeclared = (id: ObjectId) => {
    ids ??= new Set(desired.map((object) => object.id));
    return ids.has(id);
  };
  const removed = new Set<ObjectId>();
  for (const { op, id } of actions)
    if (op === 'remove') removed.add(id);
    else removed.delete(id);
  for (const { id, netns, class: name, spec, origin } of desired) {
    const kind = objectClass(name);
    const needs = needsOf(netns, kind, spec);
    for (const need of needs) {
      if ((observed.has(need) && !removed.has(need)) || isDeclared(need)) continue;
      const why = removed.has(need) ? 'which this plan removes' : 'which neither exists nor is declared';
      yield {
        severity: 'error',
        code: 'MISSING',
        message: `${id} needs ${need}, ${why}: declare it${removed.has(need) ? '' : slip(need, netns, outlook)}`,
        id,
        origin,
      };
    }
    if (kind.innate?.(spec) !== true || observed.has(id)) continue;
    if (needs.some((need) => !observed.has(need) && isDeclared(need))) continue;
    yield {
      severity: 'error',
      code: 'MISSING',
      message: `${id} does not exist${slip(id, netns, outlook)}`,
      id,
      origin,
    };
  }
}

/** `, did you mean "eth0"?` of a device that is not there, where another one has nearly its name. */
function slip(id: ObjectId, netns: string, outlook: Outlook): string {
  const start = objectId(netns, 'link', '');
  if (!id.startsWith(start)) return '';
  const { innate } = objectClass('link');
  const isThere = (one: NetObject) => outlook.input.observed.has(one.id) || innate?.(one.spec) !== true;
  const links = [...outlook.after('link').values()].filter((one) => one.netns === netns && isThere(one));
  return didYouMean(
    id.slice(start.length),
    links.map(({ key }) => key),
  );
}
