// SPDX-License-Identifier: Apache-2.0
import { familyName } from '../../model/names/families.ts';
import {
  decodeChurnCount,
  decodeChurnMessageKey,
  decodeChurnNeighbourKey,
} from '../../programs/generated/churn.ts';
import { type ByNamespace, rowsByNamespace, sum } from './entries.ts';
import { mapOf, type TelemetryMaps } from './telemetry.ts';

/** Neighbours of a device that were given up. */
export interface NeighbourFailureCount {
  readonly ifindex: number;
  readonly family: string;
  readonly failures: number;
}

/** Announcements of one kind. */
export interface ChangeCount {
  /** 0: of no device. */
  readonly ifindex: number;
  readonly object: string;
  readonly change: 'new' | 'deleted';
  readonly count: number;
}

/** The objects of rtnetlink by the first of their four message types (include/uapi/linux/rtnetlink.h RTM_NEW*). */
const OBJECTS: ReadonlyMap<number, string> = new Map([
  [16, 'link'],
  [20, 'address'],
  [24, 'route'],
  [28, 'neighbour'],
  [32, 'rule'],
  [104, 'nexthop'],
]);
const KINDS = 4;

/** @throws {WeirError} `NO_DATA` where the program does not run; so does the other. */
export function readNeighbourFailures(telemetry: TelemetryMaps): ByNamespace<NeighbourFailureCount> {
  const decode = { key: decodeChurnNeighbourKey, value: decodeChurnCount };
  return rowsByNamespace(mapOf(telemetry, 'churn', 'churn_neighbours'), decode, (key, values) => ({
    ifindex: key.ifindex,
    family: familyName(key.family),
    failures: sum(values, ({ count }) => count),
  }));
}

export function readChanges(telemetry: TelemetryMaps): ByNamespace<ChangeCount> {
  const decode = { key: decodeChurnMessageKey, value: decodeChurnCount };
  return rowsByNamespace(mapOf(telemetry, 'churn', 'churn_messages'), decode, (key, values) => ({
    ifindex: key.ifindex,
    object: OBJECTS.get(key.type - (key.type % KINDS)) ?? String(key.type),
    change: key.type % KINDS === 0 ? 'new' : 'deleted',
    count: sum(values, ({ count }) => count),
  }));
}

/** What tells the program of which namespace a socket is: struct churn_socket by the socket's cookie. */
export function churnSocketEntry(
  cookie: bigint,
  inode: number,
): readonly [key: Uint8Array, value: Uint8Array] {
  const key = new Uint8Array(BigUint64Array.of(cookie).buffer);
  return [key, new Uint8Array(Uint32Array.of(inode).buffer)];
}
