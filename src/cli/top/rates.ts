// SPDX-License-Identifier: Apache-2.0
import type { LinkStatsItem, LinkStatsReport } from '../../api/schemas/stats.ts';

/** One device as `top` shows it: rates per second over the last interval. */
export interface DeviceRates {
  /** Stays the same while the device lives. */
  readonly key: string;
  readonly netns: string;
  readonly ifname: string;
  readonly operstate: string;
  readonly kind: string;
  readonly qdisc: string;
  readonly rx: DirectionRates;
  readonly tx: DirectionRates;
  readonly queue: QueueRates | undefined;
  /** Counted since the device appeared; tells a device that once failed from one that never did. */
  readonly errorsEver: number;
}

export interface DirectionRates {
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
  readonly errorsPerSecond: number;
  readonly dropsPerSecond: number;
}

export interface QueueRates {
  /** Bytes waiting now. */
  readonly backlog: number;
  /** Packets waiting now. */
  readonly qlen: number;
  readonly dropsPerSecond: number;
  readonly requeuesPerSecond: number;
  readonly overlimitsPerSecond: number;
}

/**
 * Rates between two reports, one entry for each device of the later one. A device that was not in the earlier report
 * has no past: its rates are zero. So is a rate whose counter went backwards (the driver reset it).
 */
export function ratesBetween(before: LinkStatsReport, after: LinkStatsReport): readonly DeviceRates[] {
  const seconds = (after.timestamp - before.timestamp) / 1000;
  const past = new Map(before.items.map((item) => [keyOf(item), item]));
  return after.items.map((item) => deviceRates(past.get(keyOf(item)) ?? item, item, seconds));
}

/** Names may be taken again by another device, ifindexes only by one of another name: together they tell them apart. */
function keyOf(item: LinkStatsItem): string {
  return `${item.netns}/${item.ifindex}/${item.ifname}`;
}

function deviceRates(before: LinkStatsItem, after: LinkStatsItem, seconds: number): DeviceRates {
  return {
    key: keyOf(after),
    netns: after.netns,
    ifname: after.ifname,
    operstate: after.operstate,
    kind: after.kind ?? '',
    qdisc: after.qdisc,
    rx: direction(before.rx, after.rx, seconds),
    tx: direction(before.tx, after.tx, seconds),
    queue: queue(before, after, seconds),
    errorsEver: after.rx.errors + after.tx.errors,
  };
}

function direction(before: LinkStatsItem['rx'], after: LinkStatsItem['rx'], seconds: number): DirectionRates {
  return {
    bitsPerSecond: 8 * rate(before.bytes, after.bytes, seconds),
    packetsPerSecond: rate(before.packets, after.packets, seconds),
    errorsPerSecond: rate(before.errors, after.errors, seconds),
    dropsPerSecond: rate(before.dropped, after.dropped, seconds),
  };
}

function queue(before: LinkStatsItem, after: LinkStatsItem, seconds: number): QueueRates | undefined {
  const now = after.queue;
  // The kernel lists noqueue as a qdisc, but nothing can wait in it.
  if (now === undefined || after.qdisc === 'noqueue') return undefined;
  const then = before.queue ?? now;
  return {
    backlog: now.backlog,
    qlen: now.qlen,
    dropsPerSecond: rate(then.drops, now.drops, seconds),
    requeuesPerSecond: rate(then.requeues, now.requeues, seconds),
    overlimitsPerSecond: rate(then.overlimits, now.overlimits, seconds),
  };
}

function rate(before: number, after: number, seconds: number): number {
  return seconds > 0 && after > before ? (after - before) / seconds : 0;
}

/** Sum of a direction over many devices. */
export function sumRates(devices: readonly DeviceRates[], side: 'rx' | 'tx'): DirectionRates {
  const sum = (field: keyof DirectionRates) =>
    devices.reduce((total, device) => total + device[side][field], 0);
  return {
    bitsPerSecond: sum('bitsPerSecond'),
    packetsPerSecond: sum('packetsPerSecond'),
    errorsPerSecond: sum('errorsPerSecond'),
    dropsPerSecond: sum('dropsPerSecond'),
  };
}

/** Drops of a device per second: both directions and, where the device does not count them itself, its queue's. */
export function dropsOf(device: DeviceRates): number {
  return device.rx.dropsPerSecond + device.tx.dropsPerSecond + (device.queue?.dropsPerSecond ?? 0);
}

/** Errors of a device per second, both directions. */
export function errorsOf(device: DeviceRates): number {
  return device.rx.errorsPerSecond + device.tx.errorsPerSecond;
}
