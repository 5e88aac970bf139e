// SPDX-License-Identifier: Apache-2.0
import { type DeviceRates, dropsOf, errorsOf } from './rates.ts';

/** One order of the list. */
export interface SortOrder {
  readonly name: string;
  /** Key that chooses it. */
  readonly key: string;
  readonly title: string;
  /** Descending by number; a string sorts ascending. */
  readonly value: (device: DeviceRates) => number | string;
}

/** Every order, in the sequence in which `s` walks through them. */
export const SORT_ORDERS: readonly SortOrder[] = [
  { name: 'rate', key: 'b', title: 'bits/s', value: (d) => d.rx.bitsPerSecond + d.tx.bitsPerSecond },
  { name: 'rx', key: 'r', title: 'received bits/s', value: (d) => d.rx.bitsPerSecond },
  { name: 'tx', key: 't', title: 'sent bits/s', value: (d) => d.tx.bitsPerSecond },
  {
    name: 'packets',
    key: 'p',
    title: 'packets/s',
    value: (d) => d.rx.packetsPerSecond + d.tx.packetsPerSecond,
  },
  { name: 'drops', key: 'd', title: 'drops/s', value: dropsOf },
  { name: 'errors', key: 'e', title: 'errors/s', value: errorsOf },
  { name: 'queue', key: 'k', title: 'queue backlog', value: (d) => d.queue?.backlog ?? -1 },
  { name: 'name', key: 'n', title: 'name', value: (d) => d.ifname },
];

/** Names for `--sort`. */
export const SORT_NAMES: readonly string[] = SORT_ORDERS.map((order) => order.name);

/** Sorted copy; equal values are ordered by namespace and name, so that lines do not jump about. */
export function sortDevices(
  devices: readonly DeviceRates[],
  order: SortOrder,
  reverse: boolean,
): readonly DeviceRates[] {
  const sign = reverse ? -1 : 1;
  return devices.toSorted((a, b) => sign * compare(order.value(a), order.value(b)) || byName(a, b));
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return b - a;
  return natural.compare(String(a), String(b));
}

function byName(a: DeviceRates, b: DeviceRates): number {
  return natural.compare(a.netns, b.netns) || natural.compare(a.ifname, b.ifname);
}

// eth2 before eth10
const natural = new Intl.Collator('en', { numeric: true });
