// SPDX-License-Identifier: Apache-2.0
import { RTNLGRP_NEXTHOP } from '../../codec/generated/nexthop.ts';
import { RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR } from '../../codec/generated/rt-addr.ts';
import { RTNLGRP_LINK } from '../../codec/generated/rt-link.ts';
import { RTNLGRP_NEIGH } from '../../codec/generated/rt-neigh.ts';
import { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE } from '../../codec/generated/rt-route.ts';
import { RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE } from '../../codec/generated/rt-rule.ts';
import { RTNLGRP_TC } from '../../codec/generated/tc.ts';
import type { ClassName } from '../../model/object.ts';

/** Multicast groups that tell of the objects of a class. Of the classes without any, nothing is heard. */
const GROUPS: Partial<Record<ClassName, readonly number[]>> = {
  link: [RTNLGRP_LINK],
  'bridge-vlan': [RTNLGRP_LINK],
  address: [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR],
  neighbour: [RTNLGRP_NEIGH],
  fdb: [RTNLGRP_NEIGH],
  nexthop: [RTNLGRP_NEXTHOP],
  route: [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE],
  rule: [RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE],
  qdisc: [RTNLGRP_TC],
  class: [RTNLGRP_TC],
  filter: [RTNLGRP_TC],
};

/** Classes of which the kernel says nothing when they change. */
export const SILENT: readonly ClassName[] = [
  'sysctl',
  'device',
  'wireguard',
  'program',
  'attachment',
  'endpoint',
];

/** Types of messages come in fours: NEW, DEL, GET, SET of one kind of object (include/uapi/linux/rtnetlink.h). */
const CLASSES_OF_TYPES: Readonly<Record<number, readonly ClassName[]>> = {
  // routes go without a word when the last address of a device goes, or the nexthop object that they use
  20: ['address', 'route'],
  24: ['route'],
  28: ['neighbour', 'fdb'],
  32: ['rule'],
  36: ['qdisc'],
  40: ['class'],
  44: ['filter'],
  104: ['nexthop', 'route'],
};

/** Groups to join for objects of these classes, and those of devices: much goes with a device without a word. */
export function groupsFor(classes: Iterable<ClassName>): readonly number[] {
  return [...new Set([RTNLGRP_LINK, ...[...classes].flatMap((name) => GROUPS[name] ?? [])])];
}

/** Classes that a message may be about; undefined for all. */
export function classesOf(type: number): readonly ClassName[] | undefined {
  return CLASSES_OF_TYPES[type & ~3];
}
