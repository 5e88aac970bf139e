// SPDX-License-Identifier: Apache-2.0

import { objectClass } from '../kinds/classes.ts';
import { deviceSetting } from '../kinds/sysctl/name.ts';
import type { NetObject, ObjectId } from '../model/object.ts';
import type { Action } from './plan.ts';
import { needsOf } from './steps.ts';

/**
 * Sysctls of single devices that may lose their values to a step: what is written for all devices or as their default
 * is written to each of them (net/ipv4/devinet.c inet_forward_change(), net/ipv6/addrconf.c addrconf_forward_change()).
 */
export function shakenBySysctls(
  actions: readonly Action[],
  observed: ReadonlyMap<ObjectId, NetObject>,
): readonly NetObject[] {
  const changed = new Set(actions.flatMap(({ class: name, id }) => (name === 'sysctl' ? [id] : [])));
  if (changed.size === 0) return [];
  return [...observed.values()].filter(
    ({ class: name, id, netns, spec }) =>
      name === 'sysctl' &&
      spec['value'] !== undefined &&
      isOfOneDevice(String(spec['name'])) &&
      !changed.has(id) &&
      needsOf(netns, objectClass(name), spec).some((need) => changed.has(need)),
  );
}

function isOfOneDevice(name: string): boolean {
  const dev = deviceSetting(name)?.dev;
  return dev !== undefined && dev !== 'all' && dev !== 'default';
}
