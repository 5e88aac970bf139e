// SPDX-License-Identifier: Apache-2.0
import type { ClassName } from '../model/object.ts';
import { address } from './address/address.ts';
import { bridgeVlan } from './bridge-vlan/bridge-vlan.ts';
import { trafficClass } from './class/class.ts';
import { device } from './device/device.ts';
import { fdb } from './fdb/fdb.ts';
import { filter } from './filter/filter.ts';
import { link } from './link/link.ts';
import { neighbour } from './neighbour/neighbour.ts';
import { nexthop } from './nexthop/nexthop.ts';
import type { ObjectClass } from './object-class.ts';
import { cidrSet } from './policy/cidr-set.ts';
import { endpoint } from './policy/endpoint.ts';
import { namespace } from './policy/namespace.ts';
import { policy } from './policy/policy.ts';
import { attachment } from './program/attachment.ts';
import { program } from './program/program.ts';
import { qdisc } from './qdisc/qdisc.ts';
import { route } from './route/route.ts';
import { rule } from './rule/rule.ts';
import { sysctl } from './sysctl/sysctl.ts';
import { wireguard } from './wireguard/wireguard.ts';

/** Every class of objects that a document can declare. A new class is one file or folder and one line here. */
export const OBJECT_CLASSES: readonly ObjectClass[] = [
  link,
  wireguard,
  device,
  sysctl,
  bridgeVlan,
  address,
  route,
  neighbour,
  fdb,
  nexthop,
  rule,
  qdisc,
  trafficClass,
  filter,
  program,
  attachment,
  namespace,
  cidrSet,
  endpoint,
  policy,
];

const byName = new Map(OBJECT_CLASSES.map((one) => [one.name, one]));

/** The class of this name. @throws {RangeError} for one that is not registered, which no caller can cause. */
export function objectClass(name: ClassName): ObjectClass {
  const found = byName.get(name);
  if (found === undefined) throw new RangeError(`no class ${name}`);
  return found;
}
