// SPDX-License-Identifier: Apache-2.0
import { type NetObject, objectId, type Spec } from '../../model/object.ts';
import type { Diagnostic } from '../plan.ts';
import { isSettings } from '../settings.ts';
import type { Outlook } from './outlook.ts';

/** Bytes that a kind adds to each packet; with IPv6 underneath 20 more. */
const OVERHEAD: Readonly<Record<string, number>> = { vlan: 0, macvlan: 0, ipvlan: 0, vxlan: 50, geneve: 50 };

/** Devices that take larger packets than the device below them, and bridges with ports of different sizes. */
export function* mtu(outlook: Outlook): Iterable<Diagnostic> {
  const links = outlook.after('link');
  for (const link of links.values()) {
    const told = outlook.desired(link);
    if (told === undefined) continue;
    for (const message of [above(link, links), beside(link, links)])
      if (message !== undefined)
        yield { severity: 'warning', code: 'MTU', message, id: link.id, origin: told.origin };
  }
}

type Links = ReadonlyMap<string, NetObject>;

function above({ netns, key, spec }: NetObject, links: Links): string | undefined {
  const kind = String(spec['kind']);
  const settings = isSettings(spec[kind]) ? spec[kind] : {};
  const lower = spec['link'] ?? settings['link'] ?? settings['dev'];
  const [own, below] = [spec['mtu'], mtuOf(netns, lower, links)];
  const overhead = OVERHEAD[kind];
  if (typeof own !== 'number' || below === undefined || overhead === undefined) return undefined;
  const most = below - overhead - (overhead > 0 && overIpv6(settings) ? 20 : 0);
  if (own <= most) return undefined;
  return `${key} has an MTU of ${own}, above ${lower} with ${below} only ${most} pass`;
}

function overIpv6(settings: Spec): boolean {
  return ['remote', 'group', 'local'].some((name) => String(settings[name] ?? '').includes(':'));
}

function beside({ netns, key, spec }: NetObject, links: Links): string | undefined {
  const master = spec['master'];
  if (master === undefined || links.get(objectId(netns, 'link', String(master)))?.spec['kind'] !== 'bridge')
    return undefined;
  const [own, its] = [spec['mtu'], mtuOf(netns, master, links)];
  if (typeof own !== 'number' || its === undefined || own >= its) return undefined;
  return `${key} has an MTU of ${own}, its bridge ${master} ${its}: larger packets are dropped`;
}

function mtuOf(netns: string, name: unknown, links: Links): number | undefined {
  const found = typeof name === 'string' ? links.get(objectId(netns, 'link', name))?.spec['mtu'] : undefined;
  return typeof found === 'number' ? found : undefined;
}
