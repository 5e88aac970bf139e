// SPDX-License-Identifier: Apache-2.0
import type { Histogram } from '../../metrics/exposition.ts';
import {
  decodeTcpDevice,
  decodeTcpDeviceKey,
  decodeTcpGroupName,
  decodeTcpReset,
  decodeTcpResetKey,
} from '../../programs/generated/tcp.ts';
import { type ByNamespace, histogramOf, rowsByNamespace, sum, sums } from './entries.ts';
import { mapOf, type TelemetryMaps } from './telemetry.ts';

/** By their numbers: enum event in ebpf/tcp/tcp.bpf.c. */
const EVENTS = ['active_open', 'passive_open', 'connect_failed', 'accept_failed', 'closed'] as const;

/** Units of the histograms in a second. */
const MICROSECONDS = 1e6;

/** TCP on a device with a group of peers. */
export interface DeviceTcp {
  readonly ifindex: number;
  readonly peerGroup: string;
  readonly retransmits: number;
  readonly resetsReceived: number;
  readonly events: readonly (readonly [event: string, count: number])[];
  readonly connect: Histogram;
  readonly rtt: Histogram;
}

/** Resets that were sent for a reason. */
export interface DeviceResets {
  readonly ifindex: number;
  readonly reason: string;
  readonly count: number;
}

/** @throws {WeirError} `NO_DATA` when the program does not run; so does the other. */
export function readTcp(telemetry: TelemetryMaps): ByNamespace<DeviceTcp> {
  const names = groupNames(telemetry);
  const decode = { key: decodeTcpDeviceKey, value: decodeTcpDevice };
  return rowsByNamespace(mapOf(telemetry, 'tcp', 'tcp_devices'), decode, (key, values) => {
    const counts = sums(values, ({ events }) => events);
    return {
      ifindex: key.ifindex,
      peerGroup: names[key.peerGroup] ?? '',
      retransmits: sum(values, ({ retransmits }) => retransmits),
      resetsReceived: sum(values, ({ resetsReceived }) => resetsReceived),
      events: EVENTS.map((event, i) => [event, counts[i] ?? 0] as const),
      connect: histogramOf(values, ({ connect }) => connect, 1, MICROSECONDS),
      rtt: histogramOf(values, ({ rtt }) => rtt, 1, MICROSECONDS),
    };
  });
}

/** Reasons have the kernel's names in lower case, and none where it gives none (before Linux 6.10). */
export function readResets(telemetry: TelemetryMaps): ByNamespace<DeviceResets> {
  const decode = { key: decodeTcpResetKey, value: decodeTcpReset };
  return rowsByNamespace(mapOf(telemetry, 'tcp', 'tcp_resets'), decode, (key, values) => ({
    ifindex: key.ifindex,
    reason: (telemetry.resetReasons.get(key.reason) ?? '').toLowerCase(),
    count: sum(values, ({ count }) => count),
  }));
}

/** By number. The program keeps them itself, since it may be older than the settings. */
function groupNames(telemetry: TelemetryMaps): readonly string[] {
  const { count, values, stride } = mapOf(telemetry, 'tcp', 'tcp_group_names').entries();
  return Array.from({ length: count }, (_, i) => decodeTcpGroupName(values, i * stride).name);
}
