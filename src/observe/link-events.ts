// SPDX-License-Identifier: Apache-2.0

import { RTM_DELADDR, RTM_NEWADDR } from '../codec/generated/rt-addr.ts';
import { RTM_DELLINK, RTM_NEWLINK } from '../codec/generated/rt-link.ts';
import type { ChangeObjects } from '../model/change.ts';
import type { QueuedEvent } from './event-queue.ts';
import type { LinkTable } from './link-table.ts';
import { projectAddress } from './project/address.ts';
import { projectLink } from './project/link.ts';
import { sameValue } from './same-value.ts';

/** Multicast groups that a snapshot follows: RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR. */
export const SNAPSHOT_GROUPS: readonly number[] = [1, 5, 9];

/** A change to a table, not yet stamped with place and time. */
export type LinkTableChange = {
  readonly [K in 'link' | 'address']: {
    readonly kind: K;
    readonly action: 'new' | 'del';
    readonly object: ChangeObjects[K];
  };
}['link' | 'address'];

/**
 * Apply one notification.
 *
 * @returns what it changed; nothing when the kernel repeats itself.
 */
export function applyLinkEvent(table: LinkTable, event: QueuedEvent): readonly LinkTableChange[] {
  switch (event.type) {
    case RTM_NEWLINK:
      return newLink(table, event);
    case RTM_DELLINK:
      return deletedLink(table, event);
    case RTM_NEWADDR:
      return newAddress(table, event);
    case RTM_DELADDR:
      return deletedAddress(table, event);
    default:
      return [];
  }
}

function newLink(table: LinkTable, { wire }: QueuedEvent): readonly LinkTableChange[] {
  const projected = projectLink(wire, 0, wire.bytes.length);
  if (projected === undefined) return [];
  const before = table.row(projected.link.ifindex)?.link;
  const { link } = table.putLink(projected);
  return sameValue(before, link) ? [] : [{ kind: 'link', action: 'new', object: link }];
}

function deletedLink(table: LinkTable, { wire }: QueuedEvent): readonly LinkTableChange[] {
  const projected = projectLink(wire, 0, wire.bytes.length);
  if (projected === undefined) return [];
  const { ifindex } = projected.link;
  const orphans = [...table.addressesOf(ifindex).values()];
  const row = table.deleteLink(ifindex);
  if (row === undefined) return [];
  return [
    ...orphans.map((object) => ({ kind: 'address', action: 'del', object }) as const),
    { kind: 'link', action: 'del', object: row.link },
  ];
}

function newAddress(table: LinkTable, { wire }: QueuedEvent): readonly LinkTableChange[] {
  const projected = projectAddress(wire, 0, wire.bytes.length);
  const before = table.addressesOf(projected.address.ifindex).get(projected.key);
  const object = table.putAddress(projected);
  return sameValue(before, object) ? [] : [{ kind: 'address', action: 'new', object }];
}

function deletedAddress(table: LinkTable, { wire }: QueuedEvent): readonly LinkTableChange[] {
  const object = table.deleteAddress(projectAddress(wire, 0, wire.bytes.length));
  return object === undefined ? [] : [{ kind: 'address', action: 'del', object }];
}
