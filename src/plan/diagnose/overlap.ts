// SPDX-License-Identifier: Apache-2.0
import type { IpPrefix } from '../../base/ip.ts';
import { type NetObject, objectId } from '../../model/object.ts';
import type { Diagnostic } from '../plan.ts';
import { byNetwork, covers, prefixOf } from '../prefix.ts';
import type { Outlook } from './outlook.ts';

/** An address with its prefix. */
interface Placed {
  readonly object: NetObject;
  readonly prefix: IpPrefix;
}

/** Prefixes of two devices of one namespace and VRF that overlap: one of the two devices gets no traffic. */
export function* overlap(outlook: Outlook): Iterable<Diagnostic> {
  if (outlook.steps('address').every(({ op }) => op === 'remove')) return;
  const domains = new Map<string, Placed[]>();
  for (const object of outlook.after('address').values()) {
    const prefix = prefixOf(object.spec['address']);
    if (prefix === undefined || isLinkLocal(prefix)) continue;
    const domain = domainOf(object, outlook);
    const known = domains.get(domain);
    if (known === undefined) domains.set(domain, [{ object, prefix }]);
    else known.push({ object, prefix });
  }
  for (const placed of domains.values())
    for (const [outer, inner] of overlapping(placed)) {
      const told = outlook.desired(inner.object) ?? outlook.desired(outer.object);
      if (told === undefined) continue;
      const [a, b] = [inner.object.spec, outer.object.spec];
      const message = `${a['address']} on ${a['dev']} lies in ${b['address']} on ${b['dev']}: only one of the two gets the traffic`;
      yield { severity: 'warning', code: 'OVERLAP', message, id: told.id, origin: told.origin };
    }
}

/** Each prefix with the nearest one of another device that covers it. */
function* overlapping(placed: Placed[]): Iterable<readonly [Placed, Placed]> {
  placed.sort((a, b) => byNetwork(a.prefix, b.prefix));
  const around: Placed[] = [];
  for (const one of placed) {
    while (around.length > 0 && !covers((around.at(-1) as Placed).prefix, one.prefix)) around.pop();
    const outer = around.findLast(({ object }) => object.spec['dev'] !== one.object.spec['dev']);
    // A host address inside a prefix is a service's or a router's own: only the same one twice is a mistake.
    const host = one.prefix.prefixlen === one.prefix.address.length * 8;
    if (outer !== undefined && (!host || outer.prefix.prefixlen === one.prefix.prefixlen)) yield [outer, one];
    around.push(one);
  }
}

function domainOf({ netns, spec }: NetObject, outlook: Outlook): string {
  const links = outlook.after('link');
  const master = links.get(objectId(netns, 'link', String(spec['dev'])))?.spec['master'];
  const vrf =
    master !== undefined && links.get(objectId(netns, 'link', String(master)))?.spec['kind'] === 'vrf';
  return `${netns} ${vrf ? master : ''}`;
}

function isLinkLocal({ address }: IpPrefix): boolean {
  return address.length === 16 && address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80;
}
