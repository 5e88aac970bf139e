// SPDX-License-Identifier: Apache-2.0
import type { LinkTableChange } from './link-events.ts';
import type { LinkTable } from './link-table.ts';
import { sameValue } from './same-value.ts';
import { TimeSlice } from './time-slice.ts';

/**
 * What lies between two states of a namespace: vanished objects first, addresses before their devices, then
 * what appeared or changed, devices before their addresses.
 */
export async function differences(before: LinkTable, after: LinkTable): Promise<readonly LinkTableChange[]> {
  const gone: LinkTableChange[] = [];
  const come: LinkTableChange[] = [];
  const slice = new TimeSlice();
  for (const { link } of before.rows()) {
    const kept = after.addressesOf(link.ifindex);
    for (const [key, object] of before.addressesOf(link.ifindex))
      if (!kept.has(key)) gone.push({ kind: 'address', action: 'del', object });
    if (after.row(link.ifindex) === undefined) gone.push({ kind: 'link', action: 'del', object: link });
    if (slice.spent) await slice.pause();
  }
  for (const { link } of after.rows()) {
    if (!sameValue(before.row(link.ifindex)?.link, link))
      come.push({ kind: 'link', action: 'new', object: link });
    const had = before.addressesOf(link.ifindex);
    for (const [key, object] of after.addressesOf(link.ifindex))
      if (!sameValue(had.get(key), object)) come.push({ kind: 'address', action: 'new', object });
    if (slice.spent) await slice.pause();
  }
  return [...gone, ...come];
}
