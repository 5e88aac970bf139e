// SPDX-License-Identifier: Apache-2.0
import type { Histogram } from './exposition.ts';

/** Packets on a device in one direction, as the network stack sees them, estimated from samples. */
export interface PacketCounts {
  readonly device: string;
  readonly direction: 'receive' | 'transmit';
  /** Bytes with the link-layer header; what was merged on receipt or is segmented later is one packet. */
  readonly sizes: Histogram;
  readonly protocols: readonly (readonly [name: string, packets: number])[];
}

/** Time that packets waited in a root qdisc, in seconds, estimated from samples. */
export interface QdiscDelay {
  readonly device: string;
  readonly kind: string;
  readonly handle: string;
  readonly delay: Histogram;
}

/** Polls of a device by NAPI. */
export interface NapiPolls {
  readonly device: string;
  readonly polls: number;
  readonly packets: number;
  /** Polls that used their budget up. */
  readonly exhausted: number;
}

/** Times of a softirq vector (`NET_RX`) in seconds, estimated from samples. */
export interface SoftirqTimes {
  readonly vector: string;
  /** From being raised to being entered. */
  readonly delay: Histogram;
  readonly run: Histogram;
}

/** What the telemetry `queueing` tells of a namespace. */
export interface Queueing {
  readonly qdiscs: readonly QdiscDelay[];
  readonly polls: readonly NapiPolls[];
  /** Of the machine: the same in every namespace. */
  readonly softirqs: readonly SoftirqTimes[];
}

/** Time that a task was ready to run and did not. */
export interface RunDelay {
  /** `ksoftirqd`, `weir`. */
  readonly task: string;
  /** Of a task that is bound to one, else ''. */
  readonly cpu: string;
  readonly seconds: number;
}

/** TCP on a device with a group of peers. */
export interface TcpCounts {
  readonly device: string;
  /** '' for peers that are in none. */
  readonly peerGroup: string;
  readonly retransmits: number;
  readonly resetsReceived: number;
  readonly events: readonly (readonly [event: string, count: number])[];
  /** Seconds. */
  readonly connect: Histogram;
  /** Seconds, estimated from samples. */
  readonly rtt: Histogram;
}

/** What the telemetry `tcp` tells of a namespace. Of sockets without a device `device` is ''. */
export interface TcpTelemetry {
  readonly devices: readonly TcpCounts[];
  readonly resetsSent: readonly {
    readonly device: string;
    /** '' where the kernel gives none. */
    readonly reason: string;
    readonly count: number;
  }[];
}

/** What the telemetry `churn` tells of a namespace. */
export interface Churn {
  readonly failures: readonly NeighbourFailures[];
  readonly changes: readonly NetworkChanges[];
}

/** Neighbours of a device that were given up. */
export interface NeighbourFailures {
  readonly device: string;
  /** `inet`, `inet6` */
  readonly family: string;
  readonly failures: number;
}

/** What the kernel announced. */
export interface NetworkChanges {
  /** '' for what is of no device. */
  readonly device: string;
  /** `link`, `address`, `neighbour`, `route`, `rule`, `nexthop` */
  readonly object: string;
  readonly change: 'new' | 'deleted';
  readonly count: number;
}
