// SPDX-License-Identifier: Apache-2.0
// Generated from the BTF of ebpf/churn/churn.bpf.c by tools/ebpf/main.ts: do not edit.
import type { Wire } from '../../base/wire.ts';

/** struct churn_socket */
export interface ChurnSocket {
  readonly netns: number;
}

export const CHURN_SOCKET_SIZE = 4;

export function decodeChurnSocket(wire: Wire, at: number): ChurnSocket {
  return {
    netns: wire.view.getUint32(at, true),
  };
}

/** struct churn_message_key */
export interface ChurnMessageKey {
  readonly netns: number;
  readonly type: number;
  readonly ifindex: number;
}

export const CHURN_MESSAGE_KEY_SIZE = 12;

export function decodeChurnMessageKey(wire: Wire, at: number): ChurnMessageKey {
  return {
    netns: wire.view.getUint32(at, true),
    type: wire.view.getUint32(at + 4, true),
    ifindex: wire.view.getUint32(at + 8, true),
  };
}

/** struct churn_count */
export interface ChurnCount {
  readonly count: bigint;
}

export const CHURN_COUNT_SIZE = 8;

export function decodeChurnCount(wire: Wire, at: number): ChurnCount {
  return {
    count: wire.view.getBigUint64(at, true),
  };
}

/** struct churn_neighbour_key */
export interface ChurnNeighbourKey {
  readonly netns: number;
  readonly ifindex: number;
  readonly family: number;
}

export const CHURN_NEIGHBOUR_KEY_SIZE = 12;

export function decodeChurnNeighbourKey(wire: Wire, at: number): ChurnNeighbourKey {
  return {
    netns: wire.view.getUint32(at, true),
    ifindex: wire.view.getUint32(at + 4, true),
    family: wire.view.getUint32(at + 8, true),
  };
}
