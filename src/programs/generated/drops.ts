// SPDX-License-Identifier: Apache-2.0
// Generated from the BTF of ebpf/drops/drops.bpf.c by tools/ebpf/main.ts: do not edit.
import type { Wire } from '../../base/wire.ts';

/** struct drop_key */
export interface DropKey {
  readonly location: bigint;
  readonly netns: number;
  readonly ifindex: number;
  readonly reason: number;
  readonly protocol: number;
  readonly l4: number;
}

export const DROP_KEY_SIZE = 24;

export function decodeDropKey(wire: Wire, at: number): DropKey {
  return {
    location: wire.view.getBigUint64(at, true),
    netns: wire.view.getUint32(at + 8, true),
    ifindex: wire.view.getUint32(at + 12, true),
    reason: wire.view.getUint32(at + 16, true),
    protocol: wire.view.getUint16(at + 20, true),
    l4: wire.view.getUint8(at + 22),
  };
}

/** struct drop_count */
export interface DropCount {
  readonly packets: bigint;
  readonly unrecorded: bigint;
  readonly credit: number;
  readonly given: number;
}

export const DROP_COUNT_SIZE = 24;

export function decodeDropCount(wire: Wire, at: number): DropCount {
  return {
    packets: wire.view.getBigUint64(at, true),
    unrecorded: wire.view.getBigUint64(at + 8, true),
    credit: wire.view.getUint32(at + 16, true),
    given: wire.view.getUint32(at + 20, true),
  };
}

/** struct drop_record */
export interface DropRecord {
  readonly sequence: bigint;
  readonly time: bigint;
  readonly location: bigint;
  readonly netns: number;
  readonly ifindex: number;
  readonly reason: number;
  readonly length: number;
  readonly writers: number;
  readonly captured: number;
  readonly protocol: number;
  readonly l4: number;
  readonly ethernet: number;
  readonly data: Uint8Array;
  readonly check: bigint;
}

export const DROP_RECORD_SIZE = 192;

export function decodeDropRecord(wire: Wire, at: number): DropRecord {
  return {
    sequence: wire.view.getBigUint64(at, true),
    time: wire.view.getBigUint64(at + 8, true),
    location: wire.view.getBigUint64(at + 16, true),
    netns: wire.view.getUint32(at + 24, true),
    ifindex: wire.view.getUint32(at + 28, true),
    reason: wire.view.getUint32(at + 32, true),
    length: wire.view.getUint32(at + 36, true),
    writers: wire.view.getUint32(at + 40, true),
    captured: wire.view.getUint16(at + 44, true),
    protocol: wire.view.getUint16(at + 46, true),
    l4: wire.view.getUint8(at + 48),
    ethernet: wire.view.getUint8(at + 49),
    data: wire.bytes.slice(at + 50, at + 50 + 128),
    check: wire.view.getBigUint64(at + 184, true),
  };
}

/** struct drop_totals */
export interface DropTotals {
  readonly sequence: bigint;
  readonly lost: bigint;
}

export const DROP_TOTALS_SIZE = 16;

export function decodeDropTotals(wire: Wire, at: number): DropTotals {
  return {
    sequence: wire.view.getBigUint64(at, true),
    lost: wire.view.getBigUint64(at + 8, true),
  };
}
