// SPDX-License-Identifier: Apache-2.0
// What a step does to what others stand on.
import { type ClassName, type NetObject, type ObjectId, objectId, type Spec } from '../model/object.ts';
import { type Event, shrinking } from './effects.ts';
import type { Action } from './plan.ts';

type Observed = ReadonlyMap<ObjectId, NetObject>;

/** Classes whose objects others stand on. */
const CARRIES: ReadonlySet<ClassName> = new Set(['link', 'nexthop', 'qdisc', 'class', 'filter']);

const DISABLE_IPV6 = /^net\.ipv6\.conf\.(.+)\.disable_ipv6$/;

/** The events of one step. */
export function eventsOf(action: Action, observed: Observed): readonly Event[] {
  const { id, op, class: name } = action;
  if (op === 'remove') return CARRIES.has(name) ? [{ id, blow: 'gone' }, ...flickering(action)] : [];
  if (op !== 'change') return [];
  if (name === 'sysctl') return withoutIpv6(action, observed);
  return name === 'link' ? ofLink(action, observed) : [];
}

function ofLink(action: Action, observed: Observed): readonly Event[] {
  const { id, before = {}, after = {} } = action;
  const events: Event[] = [];
  if (setsDown(action) || passesDown(action, observed))
    events.push({ id, blow: 'down' }, ...flickering(action));
  const [was, mtu] = [before['mtu'], after['mtu']];
  if (typeof was === 'number' && typeof mtu === 'number' && mtu < was)
    events.push(...shrinking(was, mtu).map((event) => ({ id, ...event })));
  if (after['address'] !== undefined && before['address'] !== after['address'])
    events.push({ id, blow: 'hardware' });
  if (before['master'] === after['master']) return events;
  if (before['master'] !== undefined) events.push({ id, blow: 'port' }, ...flickering(action));
  return [...events, ...flickering({ ...action, before: after })];
}

/** The master loses its carrier when the last port does, and may have the MAC address of a port. */
function flickering({ netns, class: name, before }: Action): readonly Event[] {
  const master = before?.['master'];
  if (name !== 'link' || typeof master !== 'string') return [];
  return [{ id: objectId(netns, 'link', master), blow: 'flicker' }];
}

/** Of one device, or of all. */
function withoutIpv6({ netns, key, after }: Action, observed: Observed): readonly Event[] {
  const dev = DISABLE_IPV6.exec(key)?.[1];
  if (dev === undefined || after?.['value'] === 0) return [];
  if (dev !== 'all') return [{ id: objectId(netns, 'link', dev), blow: 'ipv6' }];
  const links = [...observed.values()].filter((one) => one.class === 'link' && one.netns === netns);
  return links.map(({ id }) => ({ id, blow: 'ipv6' }));
}

/** True for the step that sets a device down. */
export function setsDown({ op, class: name, before, after }: Action): boolean {
  return op === 'change' && name === 'link' && before?.['state'] === 'up' && after?.['state'] === 'down';
}

/**
 * True when a device that is up is set down on the way: to join a bond, or by the kernel when it leaves one, and when it
 * joins or leaves a VRF (drivers/net/vrf.c cycle_netdev()).
 */
function passesDown({ netns, before = {}, after = {} }: Action, observed: Observed): boolean {
  if (before['state'] !== 'up' || before['master'] === after['master']) return false;
  const kindOf = (spec: Spec) =>
    observed.get(objectId(netns, 'link', String(spec['master'])))?.spec['kind'] ??
    (spec['port'] as Spec | undefined)?.['kind'];
  return [before, after].some((spec) => ['vrf', 'bond'].includes(String(kindOf(spec))));
}
