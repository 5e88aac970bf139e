// SPDX-License-Identifier: Apache-2.0
import { type ObjectId, objectId } from '../../model/object.ts';
import type { Diagnostic } from '../plan.ts';
import { covers, prefixOf } from '../prefix.ts';
import type { Outlook } from './outlook.ts';

/**
 * Routes through a gateway that no prefix of their device covers. Only of devices that the plan creates: of others
 * not every address has been read.
 */
export function* gateway(outlook: Outlook): Iterable<Diagnostic> {
  const created = new Set(outlook.steps('link').flatMap(({ op, id }) => (op === 'create' ? [id] : [])));
  if (created.size === 0) return;
  const connected = connectedOn(outlook, created);
  for (const { op, id, netns, after, origin } of outlook.steps('route')) {
    if (op === 'remove' || after?.['onlink'] === true || after?.['dev'] === undefined) continue;
    const link = objectId(netns, 'link', String(after['dev']));
    const to = prefixOf(after['gateway']);
    if (!created.has(link) || to === undefined || isLinkLocal(to.address)) continue;
    if (connected.get(link)?.some((one) => covers(one, to))) continue;
    const message = `${id}: no address of ${after['dev']} has the gateway ${after['gateway']} in its prefix: add one, or \`onlink: true\``;
    yield { severity: 'warning', code: 'GATEWAY', message, id, ...(origin && { origin }) };
  }
}

function connectedOn(outlook: Outlook, links: ReadonlySet<ObjectId>) {
  const found = new Map<ObjectId, NonNullable<ReturnType<typeof prefixOf>>[]>();
  for (const [name, field] of [
    ['address', 'address'],
    ['address', 'peer'],
    ['route', 'dst'],
  ] as const)
    for (const { netns, spec } of outlook.after(name).values()) {
      const link = objectId(netns, 'link', String(spec['dev']));
      const prefix = prefixOf(spec[field]);
      if (!links.has(link) || prefix === undefined || spec['gateway'] !== undefined) continue;
      found.set(link, [...(found.get(link) ?? []), prefix]);
    }
  return found;
}

function isLinkLocal(address: Uint8Array): boolean {
  return address.length === 16 && address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80;
}
