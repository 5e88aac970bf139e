// SPDX-License-Identifier: Apache-2.0
// Generated from the BTF of ebpf/tcp/tcp.bpf.c by tools/ebpf/main.ts: do not edit.
import { cString } from '../../base/bytes.ts';
import type { Wire } from '../../base/wire.ts';

/** struct tcp_device_key */
export interface TcpDeviceKey {
  readonly netns: number;
  readonly ifindex: number;
  readonly peerGroup: number;
}

export const TCP_DEVICE_KEY_SIZE = 12;

export function decodeTcpDeviceKey(wire: Wire, at: number): TcpDeviceKey {
  return {
    netns: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
    peerGroup: wire.view.getUint32(at + 8, true),
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

/** struct tcp_device */
export interface TcpDevice {
  readonly retransmits: bigint;
  readonly resetsReceived: bigint;
  readonly events: readonly bigint[];
  readonly connect: Histogram;
  readonly rtt: Histogram;
}

export const TCP_DEVICE_SIZE = 520;

export function decodeTcpDevice(wire: Wire, at: number): TcpDevice {
  return {
    retransmits: wire.view.getBigUint64(at, true),
    resetsReceived: wire.view.getBigUint64(at + 8, true),
    events: Array.from({ length: 5 }, (_, i) => wire.view.getBigUint64(at + 16 + i * 8, true)),
    connect: decodeHistogram(wire, at + 56),
    rtt: decodeHistogram(wire, at + 288),
  };
}

/** struct tcp_reset_key */
export interface TcpResetKey {
  readonly netns: number;
  readonly ifindex: number;
  readonly reason: number;
}

export const TCP_RESET_KEY_SIZE = 12;

export function decodeTcpResetKey(wire: Wire, at: number): TcpResetKey {
  return {
    netns: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
    reason: wire.view.getUint32(at + 8, true),
  };
}

/** struct tcp_reset */
export interface TcpReset {
  readonly count: bigint;
}

export const TCP_RESET_SIZE = 8;

export function decodeTcpReset(wire: Wire, at: number): TcpReset {
  return {
    count: wire.view.getBigUint64(at, true),
  };
}

/** struct tcp_prefix */
export interface TcpPrefix {
  readonly length: number;
  readonly address: Uint8Array;
}

export const TCP_PREFIX_SIZE = 20;

export function decodeTcpPrefix(wire: Wire, at: number): TcpPrefix {
  return {
    length: wire.view.getUint32(at, true),
    address: wire.bytes.slice(at + 4, at + 4 + 16),
  };
}

/** struct tcp_group */
export interface TcpGroup {
  readonly number: number;
}

export const TCP_GROUP_SIZE = 4;

export function decodeTcpGroup(wire: Wire, at: number): TcpGroup {
  return {
    number: wire.view.getUint32(at, true),
  };
}

/** struct tcp_group_name */
export interface TcpGroupName {
  readonly name: string;
}

export const TCP_GROUP_NAME_SIZE = 64;

export function decodeTcpGroupName(wire: Wire, at: number): TcpGroupName {
  return {
    name: cString(wire.bytes, at, at + 64),
  };
}
