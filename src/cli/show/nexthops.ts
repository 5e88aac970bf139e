// SPDX-License-Identifier: Apache-2.0
import type { Nexthop } from '../../model/nexthop.ts';
import { showObject } from './object.ts';

/** Nexthop objects. */
export const NEXTHOPS = showObject<Nexthop>({
  name: 'nexthops',
  summary: 'nexthop objects and groups',
  filters: ['dev'],
  columns: [
    { title: 'ID', value: (nexthop) => nexthop.id, align: 'right', tone: () => 'strong' },
    { title: 'VIA', value: (nexthop) => nexthop.gateway ?? nexthop.via?.host },
    { title: 'DEVICE', value: (nexthop) => nexthop.dev },
    { title: 'GROUP', value: groupOf },
    { title: 'TYPE', value: typeOf },
    { title: 'SCOPE', value: (nexthop) => nexthop.scope },
    { title: 'PROTOCOL', value: (nexthop) => nexthop.protocol },
    { title: 'FLAGS', value: (nexthop) => nexthop.flags.join(',') },
  ],
});

/** `1*3 2`: members with their weights. */
function groupOf({ group }: Nexthop): string | undefined {
  return group?.map(({ id, weight }) => (weight === undefined ? `${id}` : `${id}*${weight}`)).join(' ');
}

function typeOf(nexthop: Nexthop): string | undefined {
  if (nexthop.blackhole === null) return 'blackhole';
  if (nexthop.fdb === null) return 'fdb';
  return nexthop.type ?? (nexthop.group === undefined ? undefined : 'multipath');
}
