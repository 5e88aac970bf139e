// SPDX-License-Identifier: Apache-2.0
import { renderHandle } from '../../kinds/qdisc/handle.ts';
import type { Histogram } from '../../metrics/exposition.ts';
import type { SoftirqTimes } from '../../metrics/telemetry-rows.ts';
import {
  decodeQueueingDevice,
  decodeQueueingDeviceKey,
  decodeQueueingQdisc,
  decodeQueueingQdiscKey,
  decodeQueueingVector,
  type Histogram as Nanoseconds,
} from '../../programs/generated/queueing.ts';
import { type ByNamespace, histogramOf, rowsByNamespace, sum, valuesOf } from './entries.ts';
import { mapOf, type TelemetryMaps } from './telemetry.ts';

/** Time from enqueue to dequeue of a root qdisc. */
export interface QdiscDelays {
  readonly ifindex: number;
  readonly kind: string;
  readonly handle: string;
  readonly delay: Histogram;
}

/** NAPI polls of a device. */
export interface DevicePolls {
  readonly ifindex: number;
  readonly polls: number;
  readonly packets: number;
  readonly exhausted: number;
}

/** Names of the vectors that are timed, in their order: NET_TX_SOFTIRQ and NET_RX_SOFTIRQ. */
const VECTORS = ['NET_TX', 'NET_RX'];

/** @throws {WeirError} `NO_DATA` when the program does not run; so do the others. */
export function readQdiscDelays(telemetry: TelemetryMaps): ByNamespace<QdiscDelays> {
  const decode = { key: decodeQueueingQdiscKey, value: decodeQueueingQdisc };
  return rowsByNamespace(mapOf(telemetry, 'queueing', 'queueing_qdiscs'), decode, (key, values) => ({
    ifindex: key.ifindex,
    kind: key.kind,
    handle: renderHandle(key.handle),
    delay: inSeconds(values, ({ delay }) => delay),
  }));
}

export function readPolls(telemetry: TelemetryMaps): ByNamespace<DevicePolls> {
  const decode = { key: decodeQueueingDeviceKey, value: decodeQueueingDevice };
  return rowsByNamespace(mapOf(telemetry, 'queueing', 'queueing_devices'), decode, (key, values) => ({
    ifindex: key.ifindex,
    polls: sum(values, ({ polls }) => polls),
    packets: sum(values, ({ packets }) => packets),
    exhausted: sum(values, ({ exhausted }) => exhausted),
  }));
}

/** Of the machine: softirqs belong to no namespace. */
export function readSoftirqTimes(telemetry: TelemetryMaps): readonly SoftirqTimes[] {
  const entries = mapOf(telemetry, 'queueing', 'queueing_vectors').entries();
  return VECTORS.map((vector, i) => {
    const values = valuesOf(entries, i, decodeQueueingVector);
    return {
      vector,
      delay: inSeconds(values, ({ delay }) => delay),
      run: inSeconds(values, ({ run }) => run),
    };
  });
}

/** Histograms of nanoseconds whose first bucket goes up to 1024. */
function inSeconds<V>(values: readonly V[], histogram: (value: V) => Nanoseconds): Histogram {
  return histogramOf(values, histogram, 1024, 1e9);
}
