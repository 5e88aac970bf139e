// SPDX-License-Identifier: Apache-2.0
// What the kernel does to an object when something happens to what it stands on.
import { type NetObject, type ObjectId, objectId, type Spec } from '../model/object.ts';

/**
 * What happens to an object that others stand on. Of devices: `down`, set down; `carrier`, what lies below it is;
 * `flicker`, its ports come and go; `small`, a smaller MTU; `tiny`, one too small for IPv6; `ipv6`, IPv6 is disabled;
 * `hardware`, another MAC address; `port`, it leaves its bridge.
 */
export type Blow = 'gone' | 'down' | 'carrier' | 'flicker' | 'small' | 'tiny' | 'ipv6' | 'hardware' | 'port';

/** A blow and whom it strikes. */
export interface Event {
  readonly id: ObjectId;
  readonly blow: Blow;
  /** With `small`. */
  readonly mtu?: number;
}

/** Devices with a smaller MTU have no IPv6 (net/ipv6/addrconf.c addrconf_notify()). */
export const IPV6_MIN_MTU = 1280;

/** What becomes of the object, and what that does to others. No `left`: it stays as it is. */
export interface Effect {
  readonly left?: 'nothing' | 'perhaps nothing' | Spec;
  readonly next?: readonly Omit<Event, 'id'>[];
}

/** Tells whether a device is down, or gone. */
export type IsDown = (netns: string, device: string) => boolean;

const GONE: Effect = { left: 'nothing', next: [{ blow: 'gone' }] };
const STAYS: Effect = {};

/** The effect of an event on an object that stands on the one it happens to. `seen` is what earlier ones left of it. */
export function effectOn(object: NetObject, seen: Spec, event: Event, isDown: IsDown): Effect {
  const base = event.id.slice(event.id.lastIndexOf(' ') + 1);
  switch (object.class) {
    case 'link':
      return onLink(object, seen, event);
    case 'nexthop':
      return onNexthop(seen, event.blow, base);
    case 'route':
      return onRoute(object, seen, event, base, isDown);
    case 'address':
      return onAddress(seen, event.blow);
    case 'neighbour':
      return onNeighbour(seen, event.blow);
    case 'fdb':
      return loses(event.blow, ['gone', ...(seen['of'] === 'self' ? [] : (['port'] as const))]);
    case 'bridge-vlan':
      return loses(event.blow, ['gone', 'port']);
    case 'sysctl':
      return loses(event.blow, ['gone', ...(isOfIpv6(seen) ? (['tiny'] as const) : [])]);
    default:
      return loses(event.blow, ['gone']);
  }
}

function loses(blow: Blow, to: readonly Blow[]): Effect {
  return to.includes(blow) ? GONE : STAYS;
}

/** IPv6 ones go with the device's state, unless its sysctl keep_addr_on_down says otherwise. */
function onAddress(seen: Spec, blow: Blow): Effect {
  if (!isIpv6(seen['address'])) return loses(blow, ['gone']);
  return blow === 'down' ? { left: 'perhaps nothing' } : loses(blow, ['gone', 'tiny', 'ipv6']);
}

/**
 * A port outlives its master; a VLAN device is set down with its lower one (net/8021q/vlan.c vlan_device_event()),
 * others lose the carrier.
 */
function onLink({ netns }: NetObject, seen: Spec, { id, blow, mtu = 0 }: Event): Effect {
  const is = (name: unknown) => typeof name === 'string' && objectId(netns, 'link', name) === id;
  if (is(seen['master']))
    return blow === 'gone' ? { left: withoutMaster(seen), next: [{ blow: 'port' }] } : STAYS;
  if (blow === 'gone') return GONE;
  if (!is(seen['link']) && !is(peerOf(seen))) return STAYS;
  if (blow === 'small' && is(seen['link'])) return shrunk(seen, mtu);
  const vlan = seen['vlan'] as Spec | undefined;
  const follows = seen['kind'] === 'vlan' && vlan?.['loose_binding'] !== true && seen['state'] === 'up';
  if (blow === 'down' && follows) return { left: { ...seen, state: 'down' }, next: [{ blow: 'down' }] };
  if (blow === 'down' || blow === 'carrier') return { next: [{ blow: 'carrier' }] };
  return blow === 'flicker' && is(seen['link']) ? { next: [{ blow: 'flicker' }] } : STAYS;
}

/** Not above the device below (drivers/net/macvlan.c macvlan_device_event()). */
function shrunk(seen: Spec, mtu: number): Effect {
  const was = seen['mtu'] as number | undefined;
  if (!['vlan', 'macvlan', 'macvtap', 'ipvlan', 'ipvtap'].includes(String(seen['kind']))) return STAYS;
  if (was === undefined || was <= mtu) return STAYS;
  return { left: { ...seen, mtu }, next: shrinking(was, mtu) };
}

/** The events of a device whose MTU becomes less. */
export function shrinking(was: number, mtu: number): readonly Omit<Event, 'id'>[] {
  const tiny = was >= IPV6_MIN_MTU && mtu < IPV6_MIN_MTU;
  return [{ blow: 'small', mtu }, ...(tiny ? [{ blow: 'tiny' } as const] : [])];
}

/** They need a device that is up and has a carrier (net/ipv4/nexthop.c nh_netdev_event()); a group needs one member. */
function onNexthop(seen: Spec, blow: Blow, base: string): Effect {
  const group = seen['group'] as readonly Spec[] | undefined;
  if (group !== undefined && blow === 'gone') {
    const left = group.filter(({ id }) => String(id) !== base);
    return left.length === 0 ? GONE : { left: { ...seen, group: left } };
  }
  if (blow === 'flicker') return { left: 'perhaps nothing', next: [{ blow: 'flicker' }] };
  return loses(blow, ['gone', 'down', 'carrier']);
}

/**
 * A route over several ways lasts until all are dead (net/ipv4/fib_semantics.c fib_sync_down_dev()), and those that
 * were dead are used again when their devices are. When a device goes for good, IPv4 drops the whole route, IPv6 the
 * way (net/ipv6/route.c fib6_ifdown()).
 */
function onRoute({ netns }: NetObject, seen: Spec, { blow }: Event, base: string, isDown: IsDown): Effect {
  if (blow === 'flicker' && seen['nhid'] !== undefined) return { left: 'perhaps nothing' };
  if (seen['nhid'] !== undefined) return loses(blow, ['gone']);
  const v6 = isIpv6(seen['dst']);
  const hops = seen['nexthops'] as readonly Spec[] | undefined;
  if (hops === undefined) return loses(blow, v6 ? ['gone', 'down', 'tiny', 'ipv6'] : ['gone', 'down']);
  if (blow === 'down')
    return hops.every(({ dev }) => typeof dev === 'string' && isDown(netns, dev)) ? GONE : STAYS;
  if (!v6) return loses(blow, ['gone']);
  if (blow === 'ipv6') return { left: 'perhaps nothing' };
  if (blow !== 'gone' && blow !== 'tiny') return STAYS;
  const left = hops.filter(({ dev }) => dev !== base);
  return left.length === 0 ? GONE : { left: withHops(seen, left) };
}

/** Permanent ones, too (net/core/neighbour.c neigh_ifdown(), neigh_changeaddr()). */
function onNeighbour(seen: Spec, blow: Blow): Effect {
  // A bridge has the MAC address of a port.
  if (blow === 'flicker') return { left: 'perhaps nothing' };
  const always = ['gone', 'down'] as const;
  return loses(blow, [
    ...always,
    ...(seen['proxy'] === true ? [] : (['hardware'] as const)),
    ...(isIpv6(seen['dst']) ? (['tiny', 'ipv6'] as const) : []),
  ]);
}

/** Of one way that is left the kernel reports a route without a list. */
function withHops(spec: Spec, hops: readonly Spec[]): Spec {
  const { nexthops: _, ...rest } = spec;
  const { weight: __, ...only } = hops[0] as Spec;
  return hops.length === 1 ? { ...rest, ...only } : { ...rest, nexthops: hops };
}

function withoutMaster(spec: Spec): Spec {
  const { master: _, port: __, ...rest } = spec;
  return rest;
}

/** Name of a veth's other end. */
export function peerOf(spec: Spec): string | undefined {
  const veth = spec['veth'] as Spec | undefined;
  return (veth?.['peer'] ?? veth?.['peer_of']) as string | undefined;
}

/** True for the settings of an object that needs a device with IPv6. */
export function isOfIpv6(spec: Spec): boolean {
  return isIpv6(spec['dst'] ?? spec['address']) || String(spec['name']).startsWith('net.ipv6.');
}

/** True for the text of an IPv6 address or prefix. */
export function isIpv6(text: unknown): boolean {
  return typeof text === 'string' && text.includes(':');
}
