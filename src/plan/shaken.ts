// SPDX-License-Identifier: Apache-2.0
// What may go with an address that is removed.
import type { NetObject, ObjectId, Spec } from '../model/object.ts';
import { isIpv6 } from './effects.ts';
import type { Action } from './plan.ts';
import { networkOf, prefixOf } from './prefix.ts';

type Observed = ReadonlyMap<ObjectId, NetObject>;

/**
 * Objects that may go, or lose a setting, with removed addresses: the others of the subnet when the removed one is the
 * primary one (net/ipv4/devinet.c __inet_del_ifa(), unless promote_secondaries is set); all IPv4 routes and neighbours
 * of a device that has no IPv4 address for a moment (net/ipv4/fib_frontend.c fib_disable_ip()); and routes
 * whose preferred source it is, unless another device has it, too.
 */
export function shakenByAddresses(
  actions: readonly Action[],
  observed: Observed,
  dropped: ReadonlyMap<ObjectId, NetObject>,
): readonly NetObject[] {
  const lost = [...dropped.values()].filter((object) => object.class === 'address');
  const removed = actions.filter(({ op, class: name }) => op === 'remove' && name === 'address');
  if (lost.length + removed.length === 0) return [];
  const touched = new Set(removed.map(({ id }) => id));
  const { subnets, bare } = brokenSubnets(touched, observed);
  const siblings = [...observed.values()].filter(
    (object) =>
      object.class === 'address' &&
      !touched.has(object.id) &&
      subnets.has(subnetOf(object, object.spec) ?? ''),
  );
  const sourceOf = (netns: string, spec: Spec | undefined) => `${netns} ${addressOf(spec)}`;
  const sources = new Set([
    ...[...lost, ...siblings].map(({ netns, spec }) => sourceOf(netns, spec)),
    ...removed.map(({ netns, before }) => sourceOf(netns, before)),
  ]);
  const others = [...observed.values()].filter((object) => {
    const { class: name, netns, spec } = object;
    if (name === 'neighbour') return bare.has(deviceOf(object)) && !isIpv6(spec['dst']);
    if (name !== 'route') return false;
    if (spec['prefsrc'] !== undefined && sources.has(`${netns} ${spec['prefsrc']}`)) return true;
    return bare.size > 0 && !isIpv6(spec['dst']) && devicesOf(object).some((dev) => bare.has(dev));
  });
  return [...siblings, ...others];
}

/** Subnets whose primary address goes, and devices whose subnets are all such. The kernel lists primary ones first. */
function brokenSubnets(touched: ReadonlySet<ObjectId>, observed: Observed) {
  const subnets = new Map<string, boolean>();
  const devices = new Map<string, boolean>();
  for (const object of observed.values()) {
    const subnet = object.class === 'address' ? subnetOf(object, object.spec) : undefined;
    if (subnet === undefined || subnets.has(subnet)) continue;
    const broken = touched.has(object.id);
    subnets.set(subnet, broken);
    const device = deviceOf(object);
    devices.set(device, broken && devices.get(device) !== false);
  }
  return { subnets: trueOf(subnets), bare: trueOf(devices) };
}

function trueOf(map: ReadonlyMap<string, boolean>): ReadonlySet<string> {
  return new Set([...map].flatMap(([key, value]) => (value ? [key] : [])));
}

const deviceOf = ({ netns, spec }: NetObject) => `${netns} ${spec['dev']}`;

/** Devices of a route that names them itself; one of a nexthop object lasts. */
function devicesOf({ netns, spec }: NetObject): readonly string[] {
  if (spec['nhid'] !== undefined) return [];
  const hops = (spec['nexthops'] ?? [spec]) as readonly Spec[];
  return hops.map(({ dev }) => `${netns} ${dev}`);
}

/** The address of its settings, without the length. */
export function addressOf(spec: Spec | undefined): string {
  return String(spec?.['address']).replace(/\/.*/, '');
}

/** Device and IPv4 subnet of an address; undefined for others. */
export function subnetOf({ netns }: { readonly netns: string }, spec: Spec | undefined): string | undefined {
  const prefix = prefixOf(spec?.['address']);
  if (prefix === undefined || prefix.address.length !== 4) return undefined;
  return `${netns} ${spec?.['dev']} ${networkOf(prefix).join('.')}/${prefix.prefixlen}`;
}
