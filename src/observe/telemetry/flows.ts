// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { Histogram } from '../../metrics/exposition.ts';
import {
  decodeFlow,
  decodeFlowKey,
  decodeFlowsDevice,
  decodeFlowsDeviceKey,
  type FlowKey,
  type FlowsDevice,
} from '../../programs/generated/flows.ts';
import { type ByNamespace, powersOfTwo, rowsByNamespace, sum, sums } from './entries.ts';
import { mapOf, type TelemetryMaps } from './telemetry.ts';

/** By their numbers: enum protocol in ebpf/flows/flows.bpf.c. */
const PROTOCOLS = [
  'tcp',
  'udp',
  'icmp',
  'ipv6-icmp',
  'igmp',
  'sctp',
  'gre',
  'esp',
  'other-ip',
  'arp',
  'lldp',
  'other',
] as const;

/** Bytes that the first bucket of sizes goes up to. */
const SMALLEST = 64;

/** Packets of a device in one direction. */
export interface DevicePackets {
  readonly ifindex: number;
  readonly direction: 'receive' | 'transmit';
  readonly sizes: Histogram;
  readonly protocols: readonly (readonly [name: string, packets: number])[];
}

/**
 * Packets of all devices; none where only those are counted that pass while somebody looks.
 * @throws {WeirError} `NO_DATA` when the program does not run.
 */
export function readPackets(telemetry: TelemetryMaps): ByNamespace<DevicePackets> {
  if (telemetry.onDemand('flows')) return new Map();
  const map = mapOf(telemetry, 'flows', 'flows_devices');
  return rowsByNamespace(map, { key: decodeFlowsDeviceKey, value: decodeFlowsDevice }, (key, values) => ({
    ifindex: key.ifindex,
    direction: directionName(key.direction),
    sizes: sizesOf(values),
    protocols: protocolsOf(values),
  }));
}

export function directionName(direction: number): 'receive' | 'transmit' {
  return direction === 0 ? 'receive' : 'transmit';
}

function sizesOf(values: readonly FlowsDevice[]): Histogram {
  const counts = sums(values, ({ sizes }) => sizes);
  return powersOfTwo({ counts, total: sum(values, ({ bytes }) => bytes) }, SMALLEST);
}

function protocolsOf(values: readonly FlowsDevice[]): DevicePackets['protocols'] {
  const packets = sums(values, ({ protocols }) => protocols);
  return PROTOCOLS.flatMap((name, i) => ((packets[i] ?? 0) > 0 ? [[name, packets[i] ?? 0] as const] : []));
}

/** Packets of one direction between two ends on one device since the kernel began to count them. */
export interface FlowCounts {
  /** Tells flows apart. */
  readonly id: string;
  readonly netns: number;
  readonly ifindex: number;
  readonly direction: 'receive' | 'transmit';
  readonly protocol: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly packets: number;
  readonly bytes: number;
}

/** The flows that the kernel holds now. @throws {WeirError} `NO_DATA` when the program does not run. */
export function readFlows(telemetry: TelemetryMaps): readonly FlowCounts[] {
  const { count, keys, values, keySize, stride } = mapOf(telemetry, 'flows', 'flows').entries();
  return Array.from({ length: count }, (_, i) => {
    const key = decodeFlowKey(keys, i * keySize);
    const { packets, bytes } = decodeFlow(values, i * stride);
    return { ...endsOf(key), packets: Number(packets), bytes: Number(bytes) };
  });
}

function endsOf(key: FlowKey): Omit<FlowCounts, 'packets' | 'bytes'> {
  const { netns, ifindex, protocol, sourcePort, destinationPort } = key;
  const direction = directionName(key.direction);
  const size = key.version === 4 ? 4 : 16;
  const source = renderIp(key.source.subarray(0, size));
  const destination = renderIp(key.destination.subarray(0, size));
  const id = [netns, ifindex, direction, protocol, source, sourcePort, destination, destinationPort].join();
  return {
    id,
    netns,
    ifindex,
    direction,
    protocol,
    source,
    sourcePort,
    destination,
    destinationPort,
  };
}
