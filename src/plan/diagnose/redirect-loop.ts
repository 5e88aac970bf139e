// SPDX-License-Identifier: Apache-2.0
import { type Redirect, redirects } from '../../kinds/filter/redirects.ts';
import { type NetObject, type ObjectId, objectId, type Spec } from '../../model/object.ts';
import { peerOf } from '../effects.ts';
import type { Diagnostic } from '../plan.ts';
import type { Outlook } from './outlook.ts';

/** A side of a device, where packets pass a hook: `ingress v0`. */
type Side = string;

/**
 * Filters that would let a packet circle for ever: what is sent by one end of a veth pair comes in at the other end, and
 * a filter there, or several one after the other, would send it by the first end again. One packet is enough to keep a
 * processor busy.
 */
export function* redirectLoop(outlook: Outlook): Iterable<Diagnostic> {
  const filters = [...outlook.after('filter').values()];
  if (filters.length === 0) return;
  const peers = peersOf(outlook.after('link').values());
  const ways = new Map<string, { readonly way: Redirect; readonly filter: NetObject }[]>();
  for (const filter of filters)
    for (const way of redirects(filter.spec)) {
      const at = sideOf(filter.netns, way.hook, way.from);
      ways.set(at, [...(ways.get(at) ?? []), { way, filter }]);
    }
  for (const filter of filters) {
    const told = outlook.desired(filter);
    const loop =
      told &&
      redirects(filter.spec)
        .map((way) => circle(filter, way, ways, peers))
        .find(Boolean);
    if (told === undefined || loop === undefined) continue;
    const message = `${filter.id}: packets would circle for ever through ${loop.join(', ')}: take out one of the redirects`;
    yield { severity: 'error', code: 'REDIRECT_LOOP', message, id: filter.id, origin: told.origin };
  }
}

const sideOf = (netns: string, side: string, device: string): Side =>
  objectId(netns, 'link', `${side} ${device}`);

type Ways = ReadonlyMap<Side, readonly { readonly way: Redirect; readonly filter: NetObject }[]>;
type Peers = ReadonlyMap<ObjectId, string>;

/** The devices on a way that leads back to where the filter hangs. */
function circle(
  { netns }: NetObject,
  start: Redirect,
  ways: Ways,
  peers: Peers,
): readonly string[] | undefined {
  const home = sideOf(netns, start.hook, start.from);
  const seen = new Set<Side>();
  const open = [{ way: start, trail: [start.from] as readonly string[] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const trail = next.trail.at(-1) === next.way.to ? next.trail : [...next.trail, next.way.to];
    for (const [side, device] of sidesPassed(netns, next.way, peers)) {
      const at = sideOf(netns, side, device);
      if (at === home) return trail;
      if (seen.has(at)) continue;
      seen.add(at);
      for (const { way } of ways.get(at) ?? []) open.push({ way, trail: [...trail, device] });
    }
  }
  return undefined;
}

/** The hooks that a redirected packet passes: where it is given to, and what it comes in at when that sends it. */
function sidesPassed(
  netns: string,
  { to, side }: Redirect,
  peers: Peers,
): readonly (readonly [string, string])[] {
  if (side === 'ingress') return [['ingress', to]];
  const peer = peers.get(objectId(netns, 'link', to));
  return peer === undefined
    ? [['egress', to]]
    : [
        ['egress', to],
        ['ingress', peer],
      ];
}

/** The other ends of veth pairs, if they are in the same namespace. */
function peersOf(links: Iterable<NetObject>): Peers {
  const peers = new Map<ObjectId, string>();
  for (const { id, netns, key, spec } of links) {
    const peer = peerOf(spec);
    if (peer === undefined || (spec['veth'] as Spec)['peer_netns'] !== undefined) continue;
    peers.set(id, peer);
    peers.set(objectId(netns, 'link', peer), key);
  }
  return peers;
}
