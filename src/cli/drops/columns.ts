// SPDX-License-Identifier: Apache-2.0
import type { DropRow } from '../../model/drop.ts';
import type { Column } from '../output/table.ts';
import { renderCount } from '../output/units.ts';
import type { DropGrowth } from './growth.ts';

const KIND: readonly Column<DropRow>[] = [
  { title: 'NETNS', value: ({ netns }) => netns },
  { title: 'DEVICE', value: ({ device }) => device },
  { title: 'REASON', value: ({ reason }) => reason, tone: () => 'strong' },
  { title: 'PROTOCOL', value: ({ network, protocol }) => qualified(network, protocol) },
  { title: 'LOCATION', value: ({ location }) => location },
];

const PACKETS: Column<DropRow> = { title: 'PACKETS', value: ({ packets }) => packets, align: 'right' };

/** Totals since the counters began. */
export const TOTAL_COLUMNS: readonly Column<DropRow>[] = [PACKETS, ...KIND];

/** Totals and rates, for the live view. */
export const LIVE_COLUMNS: readonly Column<DropGrowth>[] = [
  { title: 'RATE/s', value: ({ rate }) => renderCount(rate), align: 'right' },
  PACKETS,
  ...KIND,
];

/** One look: what is new, and when. */
export const growthColumns = (time: () => string): readonly Column<DropGrowth>[] => [
  { title: 'TIME', value: time },
  { title: 'NEW', value: ({ grown }) => grown, align: 'right' },
  ...KIND,
];

/** `tcp` over IPv4, `tcp/ipv6`, `icmpv6`. */
function qualified(network: string, protocol: string): string {
  return network === 'ipv6' && !protocol.includes('v6') ? `${protocol}/ipv6` : protocol;
}
