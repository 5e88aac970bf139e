// SPDX-License-Identifier: Apache-2.0
// Generated from the BTF of ebpf/flows/flows.bpf.c by tools/ebpf/main.ts: do not edit.
import type { Wire } from '../../base/wire.ts';

/** struct flows_device_key */
export interface FlowsDeviceKey {
  readonly netns: number;
  readonly ifindex: number;
  readonly direction: number;
}

export const FLOWS_DEVICE_KEY_SIZE = 12;

export function decodeFlowsDeviceKey(wire: Wire, at: number): FlowsDeviceKey {
  return {
    netns: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
    direction: wire.view.getUint32(at + 8, true),
  };
}

/** struct flows_device */
export interface FlowsDevice {
  readonly bytes: bigint;
  readonly sizes: readonly bigint[];
  readonly protocols: readonly bigint[];
}

export const FLOWS_DEVICE_SIZE = 200;

export function decodeFlowsDevice(wire: Wire, at: number): FlowsDevice {
  return {
    bytes: wire.view.getBigUint64(at, true),
    sizes: Array.from({ length: 12 }, (_, i) => wire.view.getBigUint64(at + 8 + i * 8, true)),
    protocols: Array.from({ length: 12 }, (_, i) => wire.view.getBigUint64(at + 104 + i * 8, true)),
  };
}

/** struct flow_key */
export interface FlowKey {
  readonly netns: number;
  readonly ifindex: number;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
  readonly version: number;
  readonly direction: number;
}

export const FLOW_KEY_SIZE = 48;

export function decodeFlowKey(wire: Wire, at: number): FlowKey {
  return {
    netns: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
    source: wire.bytes.slice(at + 8, at + 8 + 16),
    destination: wire.bytes.slice(at + 24, at + 24 + 16),
    sourcePort: wire.view.getUint16(at + 40, true),
    destinationPort: wire.view.getUint16(at + 42, true),
    protocol: wire.view.getUint8(at + 44),
    version: wire.view.getUint8(at + 45),
    direction: wire.view.getUint16(at + 46, true),
  };
}

/** struct flow */
export interface Flow {
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly lastSeen: bigint;
}

export const FLOW_SIZE = 24;

export function decodeFlow(wire: Wire, at: number): Flow {
  return {
    packets: wire.view.getBigUint64(at, true),
    bytes: wire.view.getBigUint64(at + 8, true),
    lastSeen: wire.view.getBigUint64(at + 16, true),
  };
}
