// SPDX-License-Identifier: Apache-2.0
// Generated from the BTF of ebpf/queueing/queueing.bpf.c by tools/ebpf/main.ts: do not edit.
import { cString } from '../../base/bytes.ts';
import type { Wire } from '../../base/wire.ts';

/** struct queueing_qdisc_key */
export interface QueueingQdiscKey {
  readonly netns: number;
  readonly ifindex: number;
  readonly handle: number;
  readonly kind: string;
}

export const QUEUEING_QDISC_KEY_SIZE = 28;

export function decodeQueueingQdiscKey(wire: Wire, at: number): QueueingQdiscKey {
  return {
    netns: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
    handle: wire.view.getUint32(at + 8, true),
    kind: cString(wire.bytes, at + 12, at + 12 + 16),
  };
}

/** struct histogram */
export interface Histogram {
  readonly sum: bigint;
  readonly buckets: readonly bigint[];
}

export const HISTOGRAM_SIZE = 232;

export function decodeHistogram(wire: Wire, at: number): Histogram {
  return {
    sum: wire.view.getBigUint64(at, true),
    buckets: Array.from({ length: 28 }, (_, i) => wire.view.getBigUint64(at + 8 + i * 8, true)),
  };
}

/** struct queueing_qdisc */
export interface QueueingQdisc {
  readonly delay: Histogram;
}

export const QUEUEING_QDISC_SIZE = 232;

export function decodeQueueingQdisc(wire: Wire, at: number): QueueingQdisc {
  return {
    delay: decodeHistogram(wire, at),
  };
}

/** struct queueing_slot */
export interface QueueingSlot {
  readonly skb: bigint;
  readonly time: bigint;
}

export const QUEUEING_SLOT_SIZE = 16;

export function decodeQueueingSlot(wire: Wire, at: number): QueueingSlot {
  return {
    skb: wire.view.getBigUint64(at, true),
    time: wire.view.getBigUint64(at + 8, true),
  };
}

/** struct queueing_device_key */
export interface QueueingDeviceKey {
  readonly netns: number;
  readonly ifindex: number;
}

export const QUEUEING_DEVICE_KEY_SIZE = 8;

export function decodeQueueingDeviceKey(wire: Wire, at: number): QueueingDeviceKey {
  return {
    netns: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
  };
}

/** struct queueing_device */
export interface QueueingDevice {
  readonly polls: bigint;
  readonly packets: bigint;
  readonly exhausted: bigint;
}

export const QUEUEING_DEVICE_SIZE = 24;

export function decodeQueueingDevice(wire: Wire, at: number): QueueingDevice {
  return {
    polls: wire.view.getBigUint64(at, true),
    packets: wire.view.getBigUint64(at + 8, true),
    exhausted: wire.view.getBigUint64(at + 16, true),
  };
}

/** struct queueing_vector */
export interface QueueingVector {
  readonly delay: Histogram;
  readonly run: Histogram;
  readonly raised: bigint;
  readonly entered: bigint;
  readonly left: number;
  readonly waits: number;
}

export const QUEUEING_VECTOR_SIZE = 488;

export function decodeQueueingVector(wire: Wire, at: number): QueueingVector {
  return {
    delay: decodeHistogram(wire, at),
    run: decodeHistogram(wire, at + 232),
    raised: wire.view.getBigUint64(at + 464, true),
    entered: wire.view.getBigUint64(at + 472, true),
    left: wire.view.getUint32(at + 480, true),
    waits: wire.view.getUint32(at + 484, true),
  };
}
